import { describe, expect, test } from 'vitest';
import type { Connection, PeerAddress, Transport } from '../../src/contracts/connection.ts';

const never = new AbortController().signal;

/** A connection whose bytes and end are kept. */
function record(connection: Connection) {
  const chunks: Uint8Array[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  connection.start({
    data(bytes) {
      chunks.push(bytes.slice());
      // The buffer is ours during the call.
      bytes.fill(0);
    },
    closed: resolve,
  });
  const text = () => Buffer.concat(chunks).toString('latin1');
  const until = async (length: number): Promise<string> => {
    for (let turn = 0; turn < 2000 && Buffer.concat(chunks).length < length; turn++) {
      await new Promise((wake) => setTimeout(wake, 1));
    }
    return text();
  };
  return { connection, closed, text, until };
}

/** What every transport does. `open` gives one that listens and one that connects to it. */
export function testTransport(
  name: string,
  open: () => Promise<{ server: Transport; client: Transport; host: string; nobody: PeerAddress }>,
): void {
  async function connected() {
    const { server, client, host } = await open();
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof record>>();
    const listener = await server.listen((connection) => resolve(record(connection)));
    const near = record(await client.connect({ host, port: listener.port }, never));
    return { near, far: await promise, listener };
  }

  describe(name, () => {
    test('carries bytes both ways, in order, and says when they are out of our hands', async () => {
      const { near, far, listener } = await connected();
      expect([near.connection.incoming, far.connection.incoming]).toEqual([false, true]);
      let sent = 0;
      for (const part of ['one ', 'two ', 'three']) near.connection.send(Buffer.from(part), () => (sent += 1));
      far.connection.send(Buffer.from('back'));
      expect(await far.until(13)).toBe('one two three');
      expect(await near.until(4)).toBe('back');
      expect([sent, near.connection.queued]).toEqual([3, 0]);
      near.connection.close('done');
      await listener.close();
    });

    test('carries 20 MiB', async () => {
      const { near, far, listener } = await connected();
      const bytes = Buffer.alloc(1024 * 1024, 'abcdefghi');
      for (let index = 0; index < 20; index++) near.connection.send(bytes);
      await far.until(20 * bytes.length);
      expect(far.text() === bytes.toString('latin1').repeat(20)).toBe(true);
      near.connection.close('done');
      await listener.close();
    });

    test('tells both sides of the end, once, with a reason', async () => {
      const { near, far, listener } = await connected();
      near.connection.close('enough');
      near.connection.close('again');
      expect(await near.closed).toBe('enough');
      expect(await far.closed).toEqual(expect.any(String));
      let sent = false;
      near.connection.send(Buffer.from('too late'), () => (sent = true));
      expect(sent).toBe(true);
      await listener.close();
    });

    test('holds bytes back while it is paused', async () => {
      const { near, far, listener } = await connected();
      far.connection.pause();
      near.connection.send(Buffer.from('later'));
      await new Promise((wake) => setTimeout(wake, 30));
      expect(far.text()).toBe('');
      far.connection.resume();
      expect(await far.until(5)).toBe('later');
      near.connection.close('done');
      await listener.close();
    });

    test('rejects with CONNECT_FAILED where nobody listens, and with the signal’s reason', async () => {
      const { client, nobody } = await open();
      await expect(client.connect(nobody, never)).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
      const signal = AbortSignal.abort(new Error('changed my mind'));
      await expect(client.connect(nobody, signal)).rejects.toThrow('changed my mind');
    });

    test('accepts nobody after the listener was closed', async () => {
      const { server, client, host } = await open();
      const listener = await server.listen(() => {});
      await listener.close();
      await expect(client.connect({ host, port: listener.port }, never)).rejects.toMatchObject({
        code: 'CONNECT_FAILED',
      });
    });
  });
}
