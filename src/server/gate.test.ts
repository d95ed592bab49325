import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemClock } from '../base/system-clock.ts';
import { createGate, type GateOptions } from './gate.ts';

const CLIENT_TOKEN = `hf_msw${'a1'.repeat(20)}`;
const HUB_TOKEN = `hf_${'Zz'.repeat(17)}`;

function gateWith(options: Partial<GateOptions> = {}) {
  const gate = createGate({
    hostNames: ['models.example.org'],
    trustedProxies: [],
    clientTokens: [],
    rateLimit: undefined,
    clock: systemClock,
    ...options,
  });
  return (headers: Record<string, string>, path = '/org/model/resolve/main/a', method = 'GET', address = '127.0.0.1') =>
    gate({ method, path, remoteAddress: address, localAddress: address, header: (name) => headers[name] });
}

test('a request on loopback under a name that was not configured goes no further', () => {
  const gate = gateWith();
  for (const host of ['evil.example:8080', 'localhost.evil.example', '127.0.0.1.nip.io', 'a b', '[::1', '']) {
    expect(gate({ host }).refusal?.status, host).toBe(421);
  }
});

test('loopback names, literal addresses and configured names are let in', () => {
  const gate = gateWith();
  for (const host of ['localhost:8080', '127.0.0.1', '[::1]:8080', '10.0.0.5', 'MODELS.example.org:443']) {
    expect(gate({ host }).caller, host).toEqual({ client: '127.0.0.1' });
  }
  expect(gate({}).caller).toBeDefined();
});

test('a connection from a network may use any well-formed name', () => {
  const gate = gateWith();
  expect(gate({ host: 'mirror.lan:8080' }, '/', 'GET', '10.0.0.9').caller).toBeDefined();
  expect(gate({ host: 'mirror lan' }, '/', 'GET', '10.0.0.9').refusal?.status).toBe(421);
});

test("a caller's Hub token is handed on", () => {
  expect(gateWith()({ authorization: `Bearer ${HUB_TOKEN}` }).caller?.token).toBe(HUB_TOKEN);
  expect(gateWith()({ authorization: 'Basic dXNlcjpwYXNz' }).caller).toEqual({ client: '127.0.0.1' });
});

test('with client tokens configured a request without one is refused', () => {
  const gate = gateWith({ clientTokens: [CLIENT_TOKEN] });
  expect(gate({}).refusal?.status).toBe(401);
  expect(gate({ authorization: `Bearer ${HUB_TOKEN}` }).refusal?.status).toBe(401);
  expect(gate({ authorization: `Bearer ${CLIENT_TOKEN}x` }).refusal?.status).toBe(401);
  expect(gate({ 'x-modelswarm-client-token': HUB_TOKEN }).refusal?.status).toBe(401);
});

test('a client token is accepted as Bearer token or in its own header, and is never handed on', () => {
  const gate = gateWith({ clientTokens: [CLIENT_TOKEN] });
  expect(gate({ authorization: `Bearer ${CLIENT_TOKEN}` }).caller).toEqual({ client: '127.0.0.1' });
  const both = gate({ authorization: `Bearer ${HUB_TOKEN}`, 'x-modelswarm-client-token': CLIENT_TOKEN });
  expect(both.caller?.token).toBe(HUB_TOKEN);
  const foreign = gateWith()({ authorization: `Bearer ${CLIENT_TOKEN}` });
  expect(foreign.caller).toEqual({ client: '127.0.0.1' });
});

test('a Hub token that begins like a client token by chance is still a Hub token', () => {
  const token = `hf_msw${'Z'.repeat(31)}`;
  expect(gateWith()({ authorization: `Bearer ${token}` }).caller?.token).toBe(token);
});

test('probes and preflights need no client token', () => {
  const gate = gateWith({ clientTokens: [CLIENT_TOKEN] });
  expect(gate({}, '/-/health').caller).toBeDefined();
  expect(gate({}, '/-/ready').caller).toBeDefined();
  expect(gate({}, '/org/model/resolve/main/a', 'OPTIONS').caller).toBeDefined();
  for (const path of ['/-/health/../../org/model', 'http://x\\org/-/health', '/-/health#/x', '//-/health']) {
    expect(gate({}, path).refusal?.status).toBe(401);
  }
});

test('a client that asks too often is told when to come back, and others are not', () => {
  const gate = gateWith({
    rateLimit: 1,
    trustedProxies: ['127.0.0.1'],
    clock: { now: () => 0, sleep: async () => {} },
  });
  for (let i = 0; i < 10; i++) expect(gate({ 'x-forwarded-for': '203.0.113.1' }).caller).toBeDefined();
  const { refusal } = gate({ 'x-forwarded-for': '203.0.113.1' });
  expect(refusal?.status).toBe(429);
  expect(refusal?.headers['Retry-After']).toBe('1');
  expect(gate({ 'x-forwarded-for': '203.0.113.2' }).caller).toBeDefined();
});

test('no headers make the gate throw or hand on a client token', () => {
  const gate = gateWith();
  fc.assert(
    fc.property(fc.string(), fc.string(), (host, authorization) => {
      const { caller } = gate({ host, authorization: `Bearer ${authorization}` });
      expect(/^hf_msw\w{34,}$/.test(caller?.token ?? '')).toBe(false);
    }),
  );
});
