import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { Connection } from '../contracts/connection.ts';
import type { SignalledTransport } from '../contracts/signalled-transport.ts';
import { Introductions } from './introductions.ts';

const offer = { type: 'offer', sdp: 'o' } as const;
const answer = { type: 'answer', sdp: 'a' } as const;

function connection(incoming: boolean, closed: string[]): Connection {
  return {
    remote: { host: 'x', port: 0 },
    incoming,
    queued: 0,
    start: () => {},
    send: () => {},
    pause: () => {},
    resume: () => {},
    close: (reason) => closed.push(reason),
  };
}

/** Introductions on a transport whose connections open when the test says so. */
function scene(peerId: string) {
  const opened: Connection[] = [];
  const closed: string[] = [];
  const opening: { readonly signal: AbortSignal; open(): void }[] = [];
  let drops = 0;
  const pending = (incoming: boolean, signal: AbortSignal): Promise<Connection> =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      opening.push({ signal, open: () => resolve(connection(incoming, closed)) });
    });
  const transport: SignalledTransport = {
    offer: async () => ({
      description: offer,
      complete: (_, __, signal) => pending(false, signal),
      drop: () => {
        drops++;
      },
    }),
    answer: async (_, __, signal) => ({ description: answer, connection: pending(true, signal) }),
  };
  let last = 0;
  const clock = new ManualClock();
  const randomBytes = (length: number): Uint8Array => new Uint8Array(length).fill(++last);
  const onConnection = (each: Connection): void => void opened.push(each);
  const introductions = new Introductions({ transport, clock, randomBytes, peerId, onConnection });
  return { introductions, opened, closed, opening, clock, drops: () => drops };
}

test.each([
  { us: 'a', them: 'b', kept: false },
  { us: 'b', them: 'a', kept: true },
])(
  'of two connections that $us and $them offer at once, both keep the one of the lower id',
  async ({ us, them, kept }) => {
    const { introductions, opened, opening } = scene(us);
    const [ours] = await introductions.offer(1);
    expect(await introductions.take(them, offer)).toEqual(answer);
    void introductions.answered(them, ours?.offerId ?? '', answer);
    for (const each of opening) each.open();
    await new Promise((resolve) => setTimeout(resolve));
    expect(opened.map(({ incoming }) => incoming)).toEqual([kept]);
  },
);

test('an offer is answered once, and dropped when nobody does', async () => {
  const { introductions, opened, opening, clock, drops } = scene('a');
  const [one] = await introductions.offer(2);
  void introductions.answered('b', one?.offerId ?? '', answer);
  void introductions.answered('c', one?.offerId ?? '', answer);
  void introductions.answered('d', 'unknown', answer);
  expect(opening).toHaveLength(1);
  opening[0]?.open();
  clock.advance(50_000);
  await new Promise((resolve) => setTimeout(resolve));
  expect([opened.length, drops()]).toEqual([1, 1]);
});

test('what opens after the end is closed', async () => {
  const { introductions, opened, closed, opening } = scene('a');
  expect(await introductions.take('b', offer)).toEqual(answer);
  introductions.close();
  opening[0]?.open();
  await new Promise((resolve) => setTimeout(resolve));
  expect([opened, closed]).toEqual([[], ['it is not wanted any more']]);
  expect(await introductions.take('c', offer)).toBeUndefined();
});
