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
