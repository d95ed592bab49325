import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentDisposition, inertContentType } from './content-headers.ts';

test.each([
  ['config.json', 'text/plain; charset=utf-8'],
  ['README.md', 'text/plain; charset=utf-8'],
  ['.gitattributes', 'text/plain; charset=utf-8'],
  ['LICENSE', 'text/plain; charset=utf-8'],
  ['index.html', 'text/plain; charset=utf-8'],
  ['drawing.svg', 'text/plain; charset=utf-8'],
  ['onnx/model.onnx', 'application/octet-stream'],
  ['model.safetensors', 'application/octet-stream'],
  ['picture.png', 'application/octet-stream'],
  ['app.wasm', 'application/octet-stream'],
  ['v1.0/model', 'application/octet-stream'],
])('%s is %s', (path, type) => {
  expect(inertContentType(path)).toBe(type);
});

test('the disposition is worded as the Hub does', () => {
  expect(contentDisposition('a/config.json', 'inline')).toBe(
    `inline; filename*=UTF-8''config.json; filename="config.json";`,
  );
  expect(contentDisposition('données (1).bin', 'attachment')).toBe(
    `attachment; filename*=UTF-8''donn%C3%A9es%20%281%29.bin; filename="donn?es (1).bin";`,
  );
  expect(contentDisposition('a"b\\c', 'inline')).toContain('filename="a?b?c"');
});

test('every file name makes a valid header whose name can be read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), (text) => {
      const name = text.replaceAll('/', '_');
      const value = contentDisposition(name, 'inline');
      new Headers({ 'content-disposition': value });
      const encoded = /filename\*=UTF-8''([^;]*);/.exec(value)?.[1] ?? '';
      expect(decodeURIComponent(encoded)).toBe(name.toWellFormed());
    }),
  );
});
