import { expect, test } from 'vitest';
import { hidesSize } from './plain-download-limit.ts';

test.each([
  ['unknown/None; hf_hub/2.0.0; python/3.11', 50_000_000_001, true],
  ['hf_hub/1.33.0', 50_000_000_001, true],
  ['hf_hub/1.32.9', 50_000_000_001, false],
  ['transformers/4.0; hf_hub/0.36.2', 50_000_000_001, false],
  ['hf_hub/10.1', 50_000_000_001, true],
  ['hf_hub/2.0.0', 50_000_000_000, false],
  ['curl/8.0', 10 ** 12, false],
  [null, 10 ** 12, false],
])('%s, %i bytes: the size is hidden: %s', (userAgent, size, hidden) => {
  expect(hidesSize(userAgent, size)).toBe(hidden);
});
