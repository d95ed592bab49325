/** Sockets of the tracker that are dead without saying so, or do not read. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { USUAL_SOCKET_LIMITS, WsConnection } from './ws-connection.ts';

function setUp(waiting = 0) {
  const clock = new ManualClock();
  const did: string[] = [];
  const say = (word: string) => (): void => void did.push(word);
  const socket = { ping: say('ping'), terminate: say('terminate'), send: say('send') } as unknown as WebSocket;
  const stream = new PassThrough({ highWaterMark: 0 });
  if (waiting > 0) stream.write(Buffer.alloc(waiting));
  const about = { number: 1, client: '10.0.0.1', ticket: undefined, limits: USUAL_SOCKET_LIMITS };
  return { clock, did, connection: new WsConnection({ ...about, socket, stream, clock }) };
}

test('who does not answer a ping for long enough is dropped, and asking more often changes nothing', () => {
  const { clock, did, connection } = setUp();
  for (let turn = 0; turn < 100; turn++) connection.check();
  expect(did).toEqual(['ping']);
  clock.advance(19_000);
  connection.check();
  expect(did).toEqual(['ping']);
  clock.advance(1000);
  connection.check();
  expect(did).toEqual(['ping', 'terminate']);
});

test('who answers is asked anew the next time', () => {
  const { clock, did, connection } = setUp();
  for (let turn = 0; turn < 3; turn++) {
    connection.check();
    connection.isThere();
    clock.advance(45_000);
  }
  expect(did).toEqual(['ping', 'ping', 'ping']);
});

test('who does not read is dropped instead of waited for', () => {
  const { did, connection } = setUp(3 * 2 ** 20);
  connection.send('hello');
  expect(did).toEqual(['terminate']);
});
