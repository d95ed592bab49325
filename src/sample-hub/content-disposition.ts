/**
 * The `Content-Disposition` that the Hub sends (RFC 6266): the exact name percent-encoded, and a plain one for old clients.
 * @param path root-relative; only its last segment is named
 */
export function contentDisposition(path: string, type: 'inline' | 'attachment'): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const plain = name.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&');
  return `${type}; filename*=UTF-8''${encoded}; filename="${plain}";`;
}
