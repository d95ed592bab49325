import { expect, test } from 'vitest';
import { homePage } from './home-page.ts';

const facts = {
  version: '1.2.3',
  upstream: 'https://hub.example',
  offline: false,
  wantsToken: false,
  usage: undefined,
};

test('what a request says about itself is shown as text, never as markup', () => {
  const page = homePage({ ...facts, url: `http://x"><img src=y onerror=z>'` });
  expect(page).not.toContain('<img');
  expect(page).toContain('&#60;img');
});

test('the page tells its state and what is held', () => {
  expect(homePage({ ...facts, url: 'http://m' })).toContain('starting');
  const usage = { blobs: 1234, bytes: 5.2e9, reserved: 0, maxCacheSize: undefined, minFreeSpace: 0 };
  const page = homePage({ ...facts, url: 'http://m', usage });
  expect(page).toContain('ready');
  expect(page).toContain('1,234');
  expect(page).toContain('5.2 GB');
});
