/** Text that somebody else wrote, fit for a terminal: what would move its cursor or change its colours is shown as `\x1b`. */
export function printable(text: string | Uint8Array): string {
  const known = typeof text === 'string' ? text : new TextDecoder().decode(text);
  return known.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
