import { expect, test } from 'vitest';
import { bytesContent } from '../content.ts';
import { f32Tensor, safetensorsFile, safetensorsIndex } from './safetensors.ts';

test('a file has its header length, an aligned JSON header, and the tensors where it says', () => {
  const weights = f32Tensor('w', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
  const half = {
    name: 'h',
    dtype: 'BF16',
    shape: [2],
    data: bytesContent(Uint8Array.of(0x80, 0x3f, 0, 0x40)),
  } as const;
  const file = safetensorsFile([weights, half]);
  const bytes = file.read(0, file.size);
  const view = new DataView(bytes.buffer);
  const length = Number(view.getBigUint64(0, true));
  expect(length % 8).toBe(0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  expect(header).toEqual({
    __metadata__: { format: 'pt' },
    w: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    h: { dtype: 'BF16', shape: [2], data_offsets: [24, 28] },
  });
  expect(file.size).toBe(8 + length + 28);
  expect([0, 4, 20].map((offset) => view.getFloat32(8 + length + offset, true))).toEqual([1, 2, 6]);
  expect([...bytes.subarray(-4)]).toEqual([0x80, 0x3f, 0, 0x40]);
});

test('a tensor whose bytes do not fit its shape is refused', () => {
  const wrong = { name: 'w', dtype: 'F32', shape: [2], data: bytesContent(new Uint8Array(4)) } as const;
  expect(() => safetensorsFile([wrong])).toThrow(RangeError);
});

test('the index names the file of each tensor and the bytes of all', () => {
  const tensor = (name: string) => f32Tensor(name, [2], Float32Array.of(0, 0));
  const index = safetensorsIndex(
    new Map([
      ['1.safetensors', [tensor('a'), tensor('b')]],
      ['2.safetensors', [tensor('c')]],
    ]),
  );
  expect(JSON.parse(index)).toEqual({
    metadata: { total_size: 24 },
    weight_map: { a: '1.safetensors', b: '1.safetensors', c: '2.safetensors' },
  });
});
