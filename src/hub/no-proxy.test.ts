import { expect, test } from 'vitest';
import { bypassesProxy } from './no-proxy.ts';

test.each([
  ['https://hub.test/x', 'hub.test', true],
  ['https://cdn.hub.test/x', 'hub.test', true],
  ['https://cdn.hub.test/x', '.hub.test', true],
  ['https://cdn.hub.test/x', '*.hub.test', true],
  ['https://evilhub.test/x', 'hub.test', false],
  ['https://hub.test/x', 'other, HUB.test', true],
  ['https://hub.test/x', 'hub.test:443', true],
  ['https://hub.test:8443/x', 'hub.test:443', false],
  ['http://hub.test/x', 'hub.test:80', true],
  ['http://127.0.0.1:9/x', '127.0.0.1', true],
  ['http://[::1]:9/x', '[::1]', true],
  ['http://[::1]:9/x', '[::1]:9', true],
  ['https://anything.test/', '*', true],
  ['https://hub.test/x', '', false],
  ['https://hub.test/x', undefined, false],
])('%s with NO_PROXY=%s goes directly: %s', (url, noProxy, expected) => {
  expect(bypassesProxy(new URL(url), noProxy)).toBe(expected);
});
