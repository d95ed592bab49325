import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configPage } from './config-page.ts';
import { settings } from './config-table.ts';
import { variableOf } from './setting.ts';

test('docs/configuration.md is what the table says', () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  expect(page.trimEnd()).toBe(configPage().trimEnd());
});

test('every setting is documented with its flag, variable and key', () => {
  const page = configPage();
  for (const setting of settings) {
    expect(page).toContain(`\`--${setting.flag}`);
    expect(page).toContain(`\`${variableOf(setting)}\``);
    expect(page).toContain(`\`${setting.name}\``);
  }
});
