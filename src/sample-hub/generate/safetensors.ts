import { bytesContent, type Content, joinContents } from '../content.ts';

/** One tensor of a safetensors file. */
export interface Tensor {
  readonly name: string;
  readonly dtype: 'F32' | 'BF16';
  readonly shape: readonly number[];
  /** Little-endian values, row by row. */
  readonly data: Content;
}

export const DTYPE_BYTES = { F32: 4, BF16: 2 } as const;

/**
 * A safetensors file: the length of the header (u64 little-endian), the JSON header padded with spaces to 8 bytes, the data.
 * @param sha256 when it is known
 */
export function safetensorsFile(tensors: readonly Tensor[], sha256?: string): Content {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const { name, dtype, shape, data } of tensors) {
    const bytes = shape.reduce((product, length) => product * length, DTYPE_BYTES[dtype]);
    if (bytes !== data.size)
      throw new RangeError(`tensor ${name} of shape [${shape}] needs ${bytes} bytes, not ${data.size}`);
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
  const start = new Uint8Array(8);
  new DataView(start.buffer).setBigUint64(0, BigInt(text.length), true);
  return joinContents([bytesContent(start), bytesContent(text), ...tensors.map((tensor) => tensor.data)], sha256);
}

/** An F32 tensor of given values. */
export function f32Tensor(name: string, shape: readonly number[], values: Float32Array): Tensor {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setFloat32(index * 4, value, true);
  });
  return { name, dtype: 'F32', shape, data: bytesContent(bytes) };
}

/** The `model.safetensors.index.json` of a model in several files. */
export function safetensorsIndex(shards: ReadonlyMap<string, readonly Tensor[]>): string {
  const entries = [...shards].flatMap(([file, tensors]) => tensors.map((tensor) => [tensor.name, file] as const));
  const size = [...shards.values()].flat().reduce((sum, tensor) => sum + tensor.data.size, 0);
  const index = { metadata: { total_size: size }, weight_map: Object.fromEntries(entries) };
  return `${JSON.stringify(index, null, 2)}\n`;
}
