import { SwarmError } from '../../errors.ts';
import { printable } from './printable.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read or written by this user',
  EPERM: 'may not be read or written by this user',
  EISDIR: 'is a folder',
  ENOTDIR: 'is not a folder',
  ELOOP: 'is a link that leads to itself',
  ENOSPC: 'does not fit on its disk',
};

/** What went wrong with a file or folder that the user named, or that lies in one; the code is BAD_REQUEST. */
export function fileError(path: string | Uint8Array, cause: unknown): SwarmError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = REASONS[code] ?? `could not be used${code === '' ? '' : `: ${code}`}`;
  return new SwarmError('BAD_REQUEST', `${printable(path)} ${reason}.`, { cause: REASONS[code] ? undefined : cause });
}

/** Is it the error for a path where there is nothing? */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
