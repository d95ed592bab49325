import { bytesContent, type Content, joinContents } from '../content.ts';

/** A metadata value of a GGUF file. Arrays hold one type. */
export type GgufValue =
  | { readonly type: 'u32' | 'i32' | 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'f32s' | 'i32s'; readonly value: readonly number[] };

/** A tensor: F32, F16, or Q8_0 (blocks of 32 values in 34 bytes). */
export interface GgufTensor {
  readonly name: string;
  readonly type: 'F32' | 'F16' | 'Q8_0';
  /** Innermost first, as GGUF has it. */
  readonly shape: readonly number[];
  readonly data: Content;
}

// GGUF specification, gguf_metadata_value_type and ggml_type.
const VALUE_TYPES = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;
const TENSOR_TYPES = { F32: 0, F16: 1, Q8_0: 8 } as const;
const BYTES_PER_32 = { F32: 128, F16: 64, Q8_0: 34 } as const;
const ALIGNMENT = 32;

/** Bytes of a tensor's data. */
export function ggufTensorBytes(type: GgufTensor['type'], shape: readonly number[]): number {
  return (shape.reduce((product, length) => product * length, 1) / 32) * BYTES_PER_32[type];
}

/**
 * A GGUF file, version 3, little-endian.
 * @param sha256 when it is known
 */
export function ggufFile(
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
  sha256?: string,
): Content {
  const parts: Uint8Array[] = [new TextEncoder().encode('GGUF'), u32(3), u64(tensors.length)];
  parts.push(u64(Object.keys(metadata).length));
  for (const [key, value] of Object.entries(metadata)) parts.push(string(key), ...valueParts(value));
  let offset = 0;
  for (const { name, type, shape } of tensors) {
    parts.push(string(name), u32(shape.length), ...shape.map(u64), u32(TENSOR_TYPES[type]), u64(offset));
    offset += align(ggufTensorBytes(type, shape));
  }
  const header = new Uint8Array(Buffer.concat(parts));
  const data = tensors.flatMap((tensor) => [tensor.data, padding(tensor.data.size)]);
  return joinContents([bytesContent(header), padding(header.length), ...data], sha256);
}

function valueParts(value: GgufValue): Uint8Array[] {
  switch (value.type) {
    case 'u32':
      return [u32(VALUE_TYPES.u32), u32(value.value)];
    case 'i32':
      return [u32(VALUE_TYPES.i32), u32(value.value)];
    case 'f32':
      return [u32(VALUE_TYPES.f32), f32(value.value)];
    case 'bool':
      return [u32(VALUE_TYPES.bool), Uint8Array.of(value.value ? 1 : 0)];
    case 'string':
      return [u32(VALUE_TYPES.string), string(value.value)];
    case 'strings':
      return [u32(VALUE_TYPES.array), u32(VALUE_TYPES.string), u64(value.value.length), ...value.value.map(string)];
    case 'f32s':
      return [u32(VALUE_TYPES.array), u32(VALUE_TYPES.f32), u64(value.value.length), ...value.value.map(f32)];
    case 'i32s':
      return [u32(VALUE_TYPES.array), u32(VALUE_TYPES.i32), u64(value.value.length), ...value.value.map(u32)];
  }
}

const align = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT;
const padding = (size: number): Content => bytesContent(new Uint8Array(align(size) - size));

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

function f32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return bytes;
}

function string(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array(Buffer.concat([u64(bytes.length), bytes]));
}
