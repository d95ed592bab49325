/**
 * Files by name or pattern, as Python's `fnmatch` reads them, which the Hub's own client uses: `*` is any characters, slashes too, `?` is one,
 * `[ab]` is one of several. A name without any of these is that file, or everything in that folder.
 */
export function matchPatterns(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => true;
  const tests = patterns.map((pattern) => matchPattern(pattern));
  return (path) => tests.some((test) => test(path));
}

function matchPattern(pattern: string): (path: string) => boolean {
  if (!/[*?[]/.test(pattern)) {
    const folder = pattern.endsWith('/') ? pattern : `${pattern}/`;
    return (path) => path === pattern || path.startsWith(folder);
  }
  const expression = new RegExp(`^${toExpression(pattern)}$`, 's');
  return (path) => expression.test(path);
}

function toExpression(pattern: string): string {
  return pattern.replace(/\*+|\?|\[!?\]?[^\]]*\]|[\\^$.|+()[\]{}]/g, (part) => {
    if (part.startsWith('*')) return '.*';
    if (part === '?') return '.';
    if (part.length > 2 && part.startsWith('[')) {
      const isNegative = part[1] === '!';
      const characters = part.slice(isNegative ? 2 : 1, -1).replace(/[\\\]^[]/g, '\\$&');
      return `[${isNegative ? '^' : ''}${characters}]`;
    }
    return `\\${part}`;
  });
}
