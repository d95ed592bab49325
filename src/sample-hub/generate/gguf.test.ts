import { expect, test } from 'vitest';
import { llamaGguf } from './llama-gguf.ts';

const TENSOR_NAMES = { 0: 'F32', 1: 'F16', 8: 'Q8_0' } as const;
const BYTES_PER_32 = { F32: 128, F16: 64, Q8_0: 34 } as const;

test.each(['F16', 'Q8_0'] as const)(
  'a %s file is read back by the GGUF specification, tensors aligned and to the last byte',
  (type) => {
    const file = llamaGguf('seed', type);
    const { version, metadata, tensors, dataStart } = readGguf(file.read(0, file.size));
    expect(version).toBe(3);
    expect(metadata.get('general.architecture')).toBe('llama');
    expect(metadata.get('llama.block_count')).toBe(2);
    expect(metadata.get('tokenizer.ggml.tokens')).toHaveLength(286);
    expect(metadata.get('tokenizer.ggml.add_bos_token')).toBe(true);
    expect(tensors.map((tensor) => tensor.name)).toContain('blk.1.ffn_down.weight');
    expect(tensors.find((tensor) => tensor.name === 'token_embd.weight')).toMatchObject({ shape: [64, 286], type });
    let end = 0;
    for (const tensor of tensors) {
      expect(tensor.offset).toBe(Math.ceil(end / 32) * 32);
      end = tensor.offset + (tensor.shape.reduce((a, b) => a * b) / 32) * BYTES_PER_32[tensor.type];
    }
    expect(dataStart % 32).toBe(0);
    expect(file.size).toBe(dataStart + Math.ceil(end / 32) * 32);
  },
);

interface TensorInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: keyof typeof BYTES_PER_32;
  readonly offset: number;
}

function readGguf(bytes: Uint8Array): {
  version: number;
  metadata: Map<string, unknown>;
  tensors: TensorInfo[];
  dataStart: number;
} {
  const view = new DataView(bytes.buffer);
  let at = 4;
  /** Where the next `length` bytes are. */
  const next = (length: number) => {
    at += length;
    return at - length;
  };
  const u32 = () => view.getUint32(next(4), true);
  const u64 = () => Number(view.getBigUint64(next(8), true));
  const string = () => {
    const length = u64();
    const start = next(length);
    return new TextDecoder().decode(bytes.subarray(start, start + length));
  };
  const value = (type: number): unknown => {
    if (type === 4 || type === 5) return u32();
    if (type === 6) return view.getFloat32(next(4), true);
    if (type === 7) return view.getUint8(next(1)) === 1;
    if (type === 8) return string();
    if (type !== 9) throw new Error(`unknown type ${type}`);
    const element = u32();
    return Array.from({ length: u64() }, () => value(element));
  };
  expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('GGUF');
  const version = u32();
  const tensorCount = u64();
  const metadata = new Map<string, unknown>();
  for (let count = u64(); count > 0; count -= 1) {
    const key = string();
    metadata.set(key, value(u32()));
  }
  const tensors = Array.from({ length: tensorCount }, (): TensorInfo => {
    const name = string();
    const shape = Array.from({ length: u32() }, u64);
    const type = TENSOR_NAMES[u32() as keyof typeof TENSOR_NAMES];
    return { name, shape, type, offset: u64() };
  });
  return { version, metadata, tensors, dataStart: Math.ceil(at / 32) * 32 };
}
