import { gitBlobHeader } from './git-blob.ts';

/** What an LFS pointer says about the real file. */
export interface LfsPointer {
  /** 64 hex */
  readonly sha256: string;
  readonly size: number;
}

const POINTER =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\noid sha256:([0-9a-f]{64})\nsize (0|[1-9]\d{0,15})\n$/;

/** The pointer file that git keeps in place of the real one (git-lfs spec, v1): 125 bytes and the digits of the size. */
export function encodeLfsPointer(pointer: LfsPointer): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${pointer.sha256}\nsize ${pointer.size}\n`;
}

/** Parses a pointer in its canonical form, which is the only one whose git oid is known; undefined for all else. */
export function parseLfsPointer(text: string): LfsPointer | undefined {
  // 125 bytes and at most 16 digits: a longer text is a real file.
  const match = text.length > 141 ? null : POINTER.exec(text);
  if (!match?.[1]) return undefined;
  const size = Number(match[2]);
  return Number.isSafeInteger(size) ? { sha256: match[1], size } : undefined;
}

/** The bytes whose SHA-1 is the git oid of an LFS file: the pointer text behind its git blob header. */
export function lfsPointerGitObject(pointer: LfsPointer): Uint8Array {
  const text = new TextEncoder().encode(encodeLfsPointer(pointer));
  const header = gitBlobHeader(text.length);
  const object = new Uint8Array(header.length + text.length);
  object.set(header);
  object.set(text, header.length);
  return object;
}
