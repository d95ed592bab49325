/** Our node and libtorrent's find each other's announces in one DHT. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { toHex } from '../../../src/base/hex.ts';
import { createDht, type Dht } from '../../../src/discovery/dht.ts';
import { missing } from '../../support/peers.ts';
import { hasLibtorrent, PYTHON } from '../torrents/libtorrent.ts';
import { startTalking } from './talking-program.ts';
import { testMember } from './test-member.ts';

const WAIT = { timeout: 30_000, interval: 50 };
const SCRIPT = join(import.meta.dirname, 'python/libtorrent_dht.py');
const noLibtorrent = missing(hasLibtorrent(), 'libtorrent', 'apt-get install python3-libtorrent');

async function start(...ports: number[]): Promise<Dht> {
  const dht = await createDht({ host: '127.0.0.1', bootstrap: ports.map((port) => `127.0.0.1:${port}`) });
  onTestFinished(() => dht.close());
  return dht;
}

it.skipIf(noLibtorrent)('libtorrent finds our member, and we find its', async () => {
  const infoHash = randomBytes(20);
  const first = await start();
  const second = await start(first.port);
  const ours = second.join(testMember(infoHash, 7001));
  await vi.waitFor(() => expect(ours.status()).toMatchObject([{ state: 'working' }]), WAIT);

  await using libtorrent = startTalking(PYTHON, [SCRIPT, `${first.port}`, toHex(infoHash), '7001', '25']);
  const { port } = (await libtorrent.next()) as { port: number };
  expect(((await libtorrent.next()) as { peers: string[] }).peers).toContain('127.0.0.1 7001');

  // Its node is the only one that this one is told of.
  const third = await start(port);
  const member = testMember(infoHash, 7003);
  await vi.waitFor(async () => {
    // It may not have announced itself yet; each of these searches anew.
    const session = third.join(member);
    await vi.waitFor(() => expect(session.status()).toMatchObject([{ state: 'working' }]), { timeout: 3000 });
    await session.close();
    expect([...member.peers]).toContain(`127.0.0.1 ${port}`);
  }, WAIT);
});
