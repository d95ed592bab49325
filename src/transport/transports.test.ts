import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { testTransport } from '../../test/support/transport-conformance.ts';
import { systemClock } from '../base/system-clock.ts';
import { MemoryNetwork } from './memory.ts';
import { createTcpTransport } from './tcp.ts';

testTransport('TCP', async () => {
  const transport = createTcpTransport({ host: '127.0.0.1' });
  return { server: transport, client: transport, host: '127.0.0.1', nobody: { host: '127.0.0.1', port: 1 } };
});

testTransport('memory', async () => {
  const network = new MemoryNetwork({ clock: systemClock });
  return {
    server: network.transport('server', 1000),
    client: network.transport('client', 1000),
    host: 'server',
    nobody: { host: 'nobody', port: 1 },
  };
});

test('TCP: a port that is taken is refused with its number', async () => {
  const first = await createTcpTransport({ host: '127.0.0.1' }).listen(() => {});
  const second = createTcpTransport({ host: '127.0.0.1', port: first.port });
  await expect(second.listen(() => {})).rejects.toMatchObject({
    code: 'CONNECT_FAILED',
    message: expect.stringContaining(`127.0.0.1:${first.port}`),
  });
  await first.close();
});

test('TCP: nothing of a connection stays on the signal once it is there, has failed, or was given up', async () => {
  const transport = createTcpTransport({ host: '127.0.0.1' });
  const listener = await transport.listen((connection) => connection.close('enough'));
  const address = { host: '127.0.0.1', port: listener.port };
  const stop = new AbortController();
  const left = (): number => getEventListeners(stop.signal, 'abort').length;
  (await transport.connect(address, stop.signal)).close('enough');
  expect(left()).toBe(0);
  await expect(transport.connect({ ...address, port: 1 }, stop.signal)).rejects.toMatchObject({
    code: 'CONNECT_FAILED',
  });
  expect(left()).toBe(0);
  const given = transport.connect(address, stop.signal);
  stop.abort(new Error('changed my mind'));
  await expect(given).rejects.toThrow('changed my mind');
  expect(left()).toBe(0);
  await listener.close();
});
