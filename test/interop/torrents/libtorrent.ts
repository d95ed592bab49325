import { spawnSync } from 'node:child_process';

/** Debian's own Python: its package has libtorrent, whatever other Pythons are installed. */
export const PYTHON = '/usr/bin/python3';

/** Can Debian's Python import libtorrent? */
export function hasLibtorrent(): boolean {
  return spawnSync(PYTHON, ['-c', 'import libtorrent']).status === 0;
}
