const DOT = 0x2e;
const SLASH = 0x2f;
/** The longest name that file systems take, with some room for what other encodings make of it. */
const LONGEST = 4096;

/** Why these bytes cannot be the name of a file or folder of a torrent, as the end of a sentence; undefined when they can. */
export function pathElementProblem(element: Uint8Array): string | undefined {
  if (element.length === 0) return 'has an empty element';
  if (element.length > LONGEST) return `has an element of more than ${LONGEST} bytes`;
  if (element.every((byte) => byte === DOT) && element.length <= 2) return 'has the element "." or ".."';
  if (element.includes(SLASH)) return 'has an element with a slash in it';
  if (element.includes(0)) return 'has an element with a NUL byte in it';
  return undefined;
}
