import { expect, test } from 'vitest';
import { textLine } from './log.ts';

const record = (fields: object) => JSON.stringify({ level: 40, time: 0, msg: 'fill: failed', ...fields });

test('a log line for people has its time, level, message and fields', () => {
  expect(textLine(record({ file: 'org/model/a.bin', size: 12 }))).toMatch(
    /^\d\d:\d\d:\d\d warn {2}fill: failed {2}file=org\/model\/a\.bin {2}size=12\n$/,
  );
});

test('a name from outside cannot move the cursor or start a new line', () => {
  const line = textLine(record({ file: 'a\u001b[2Jb\nc', note: 'two words' }));
  expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f]/);
  expect(line).toContain('note="two words"');
});
