import { expect, test } from 'vitest';
import type { Discovery, SwarmMember } from '../contracts/discovery.ts';
import { combineDiscovery } from './combine.ts';

const MEMBER: SwarmMember = {
  infoHash: new Uint8Array(20),
  peerId: new Uint8Array(20),
  port: 1,
  isPrivate: false,
  stats: () => ({ uploaded: 0, downloaded: 0, left: 0 }),
  found: () => {},
};

/** Writes down what it is told. `failure`: what its ends reject with. */
function recorded(name: string, log: string[], failure?: Error): Discovery {
  const note = (what: string) => void log.push(`${name} ${what}`);
  const end = async (what: string): Promise<void> => {
    await Promise.resolve();
    note(what);
    if (failure) throw failure;
  };
  return {
    join: (member) => {
      note(`joined at ${member.port}`);
      return {
        status: () => [{ name, state: 'working', peers: 1 }],
        completed: () => note('completed'),
        wantMore: () => note('more'),
        close: () => end('left'),
      };
    },
    close: () => end('closed'),
  };
}

test('all ways are told everything, and have their say', async () => {
  const log: string[] = [];
  const discovery = combineDiscovery([recorded('one', log), recorded('two', log)]);
  const session = discovery.join(MEMBER);
  expect(session.status().map(({ name }) => name)).toEqual(['one', 'two']);
  session.completed();
  session.wantMore();
  await session.close();
  await discovery.close();
  expect(log).toEqual([
    ...['one joined at 1', 'two joined at 1', 'one completed', 'two completed', 'one more', 'two more'],
    ...['one left', 'two left', 'one closed', 'two closed'],
  ]);
});

test('one that fails to end does not keep the others from it', async () => {
  const log: string[] = [];
  const discovery = combineDiscovery([recorded('one', log, new Error('stuck')), recorded('two', log)]);
  await expect(discovery.join(MEMBER).close()).rejects.toThrow('stuck');
  await expect(discovery.close()).rejects.toThrow('stuck');
  expect(log.slice(2)).toEqual(['one left', 'two left', 'one closed', 'two closed']);
});
