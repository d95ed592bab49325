import { expect, test } from 'vitest';
import { patternBytes, ScriptedReader } from '../../test/support/scripted-reader.ts';
import { fileResponse, takeFileBody } from './file-body.ts';

test('the response streams exactly its part of the file and closes the reader', async () => {
  const reader = new ScriptedReader(1_000_000);
  const response = fileResponse({ reader, start: 10, end: 700_000 }, { status: 206 });
  expect(response.status).toBe(206);
  expect(await response.bytes()).toEqual(patternBytes(10, 700_000));
  expect(reader.closed).toBe(1);
});

test('nothing is read before somebody pulls', async () => {
  const reader = new ScriptedReader(1000);
  fileResponse({ reader, start: 0, end: 1000 }, {});
  await new Promise((resolve) => setImmediate(resolve));
  expect(reader.reads).toBe(0);
});

test('cancelling the stream ends a waiting read and closes the reader', async () => {
  const reader = new ScriptedReader(1_000_000);
  reader.hangsAt = 0;
  const stream = fileResponse({ reader, start: 0, end: 1_000_000 }, {}).body?.getReader();
  const pulled = stream?.read();
  await stream?.cancel('enough');
  expect(reader.closed).toBe(1);
  expect(await pulled).toEqual({ done: true, value: undefined });
});

test('a failing reader fails the stream: the body cannot look complete', async () => {
  const reader = new ScriptedReader(1_000_000);
  reader.failsAt = 300_000;
  reader.chunk = 100_000;
  await expect(fileResponse({ reader, start: 0, end: 1_000_000 }, {}).bytes()).rejects.toThrow('the source broke');
  expect(reader.closed).toBe(1);
});

test('a reader that ends early fails the stream', async () => {
  const reader = new ScriptedReader(1000);
  await expect(fileResponse({ reader, start: 0, end: 2000 }, {}).bytes()).rejects.toThrow('ended at byte 1000');
});

test('an empty part is an empty body', async () => {
  const reader = new ScriptedReader(0);
  expect(await fileResponse({ reader, start: 0, end: 0 }, {}).bytes()).toEqual(new Uint8Array(0));
  expect(reader.closed).toBe(1);
});

test('a file body is taken once, and other responses have none', () => {
  const reader = new ScriptedReader(10);
  const response = fileResponse({ reader, start: 2, end: 5 }, {});
  expect(takeFileBody(response)).toMatchObject({ start: 2, end: 5 });
  expect(takeFileBody(response)).toBeUndefined();
  expect(takeFileBody(new Response('text'))).toBeUndefined();
});

test('the end of the body is told once, with the bytes that were given', async () => {
  const ends: number[] = [];
  const body = (reader: ScriptedReader, end: number) =>
    fileResponse({ reader, start: 10, end, onEnd: (bytes) => ends.push(bytes) }, {});
  await body(new ScriptedReader(1_000_000), 700_000).bytes();
  await body(new ScriptedReader(0), 10).bytes();
  expect(ends.splice(0)).toEqual([699_990, 0]);

  const broken = new ScriptedReader(1_000_000);
  broken.failsAt = 300_000;
  broken.chunk = 100_000;
  await body(broken, 1_000_000)
    .bytes()
    .catch(() => {});
  expect(ends.splice(0)).toEqual([300_000]);
});

test('the end of a body that is cancelled while it waits for bytes is told once', async () => {
  const ends: number[] = [];
  const reader = new ScriptedReader(1_000_000);
  reader.chunk = 1000;
  reader.hangsAt = 1000;
  const onEnd = (bytes: number) => ends.push(bytes);
  const stream = fileResponse({ reader, start: 0, end: 1_000_000, onEnd }, {}).body?.getReader();
  await stream?.read();
  const pulled = stream?.read();
  await stream?.cancel('enough');
  await pulled;
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(ends).toEqual([1000]);
});

test('a body that never gave a byte has no end to tell of', async () => {
  const ends: number[] = [];
  const onEnd = (bytes: number) => ends.push(bytes);
  const broken = new ScriptedReader(1000);
  broken.failsAt = 0;
  const failing = fileResponse({ reader: broken, start: 0, end: 1000, onEnd }, {});
  await expect(failing.bytes()).rejects.toThrow('the source broke');
  await fileResponse({ reader: new ScriptedReader(1000), start: 0, end: 1000, onEnd }, {}).body?.cancel();
  expect(ends).toEqual([]);
});
