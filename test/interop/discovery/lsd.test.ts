/** Our members and libtorrent's find each other on the loopback interface, by the group of BEP 14. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { toHex } from '../../../src/base/hex.ts';
import { createLsd } from '../../../src/discovery/lsd.ts';
import { missing } from '../../support/peers.ts';
import { hasLibtorrent, PYTHON } from '../torrents/libtorrent.ts';
import { startTalking } from './talking-program.ts';
import { testMember } from './test-member.ts';

const WAIT = { timeout: 30_000, interval: 50 };
const SCRIPT = join(import.meta.dirname, 'python/libtorrent_lsd.py');
const noLibtorrent = missing(hasLibtorrent(), 'libtorrent', 'apt-get install python3-libtorrent');

const start = () => {
  const lsd = createLsd({ interfaces: () => [{ family: 4, address: '127.0.0.1' }] });
  onTestFinished(() => lsd.close());
  return lsd;
};

it.skipIf(noLibtorrent)('we hear libtorrent, and libtorrent hears us and comes to us', async () => {
  const infoHash = randomBytes(20);
  const server = createServer((socket) => void socket.destroy()).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const visited = once(server, 'connection', { signal: AbortSignal.timeout(WAIT.timeout) });
  visited.catch(() => {});
  const listening = testMember(infoHash, 0);
  const session = start().join(listening);
  await vi.waitFor(() => expect(session.status()).toMatchObject([{ state: 'working' }]), WAIT);

  await using libtorrent = startTalking(PYTHON, [SCRIPT, toHex(infoHash)]);
  const { port } = (await libtorrent.next()) as { port: number };
  await vi.waitFor(() => expect([...listening.peers]).toContain(`127.0.0.1 ${port}`), WAIT);
  // Announces when libtorrent listens already.
  start().join(testMember(infoHash, (server.address() as AddressInfo).port));
  await visited;
});
