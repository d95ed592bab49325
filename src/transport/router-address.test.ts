import { expect, test } from 'vitest';
import { parseRouteTable } from './router-address.ts';

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n';

test('the router is the gateway of the default route', () => {
  const local = 'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n';
  const byInterface = 'tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n';
  const byRouter = 'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n';
  expect(parseRouteTable(HEAD + local + byInterface + byRouter)).toBe('192.0.2.1');
  expect(parseRouteTable(HEAD + local + byInterface)).toBeUndefined();
  expect(parseRouteTable('')).toBeUndefined();
});
