import { bytesContent, type Content } from '../content.ts';
import { type GgufTensor, type GgufValue, ggufFile, ggufTensorBytes } from './gguf.ts';
import { seededBytes, seededFloats } from './seeded.ts';

const LLAMA = { embedding: 64, feedForward: 128, layers: 2, heads: 4, context: 256 } as const;
// llama.cpp, llama_ftype.
const FILE_TYPES = { F16: 1, Q8_0: 7 } as const;
const TOKEN_NORMAL = 1;
const TOKEN_UNKNOWN = 2;
const TOKEN_CONTROL = 3;
const TOKEN_BYTE = 6;

/** A tiny Llama in a GGUF file: all the metadata and tensors of the architecture, random weights. */
export function llamaGguf(seed: string, type: 'F16' | 'Q8_0'): Content {
  const tokens = vocabulary();
  const { embedding, feedForward, layers, heads, context } = LLAMA;
  const metadata: Record<string, GgufValue> = {
    'general.architecture': { type: 'string', value: 'llama' },
    'general.name': { type: 'string', value: 'Sample Llama' },
    'general.file_type': { type: 'u32', value: FILE_TYPES[type] },
    'general.quantization_version': { type: 'u32', value: 2 },
    'llama.context_length': { type: 'u32', value: context },
    'llama.embedding_length': { type: 'u32', value: embedding },
    'llama.block_count': { type: 'u32', value: layers },
    'llama.feed_forward_length': { type: 'u32', value: feedForward },
    'llama.rope.dimension_count': { type: 'u32', value: embedding / heads },
    'llama.attention.head_count': { type: 'u32', value: heads },
    'llama.attention.head_count_kv': { type: 'u32', value: heads },
    'llama.attention.layer_norm_rms_epsilon': { type: 'f32', value: 1e-5 },
    'llama.vocab_size': { type: 'u32', value: tokens.length },
    'tokenizer.ggml.model': { type: 'string', value: 'llama' },
    'tokenizer.ggml.tokens': { type: 'strings', value: tokens.map(({ text }) => text) },
    'tokenizer.ggml.scores': { type: 'f32s', value: tokens.map(() => 0) },
    'tokenizer.ggml.token_type': { type: 'i32s', value: tokens.map(({ kind }) => kind) },
    'tokenizer.ggml.unknown_token_id': { type: 'u32', value: 0 },
    'tokenizer.ggml.bos_token_id': { type: 'u32', value: 1 },
    'tokenizer.ggml.eos_token_id': { type: 'u32', value: 2 },
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: true },
  };
  const matrix = (name: string, columns: number, rows: number) => tensor(seed, `${name}.weight`, type, [columns, rows]);
  const norm = (name: string) => tensor(seed, `${name}.weight`, 'F32', [embedding]);
  const blocks = Array.from({ length: layers }, (_, layer) => `blk.${layer}`).flatMap((block) => [
    norm(`${block}.attn_norm`),
    ...['q', 'k', 'v', 'output'].map((part) => matrix(`${block}.attn_${part}`, embedding, embedding)),
    norm(`${block}.ffn_norm`),
    matrix(`${block}.ffn_gate`, embedding, feedForward),
    matrix(`${block}.ffn_up`, embedding, feedForward),
    matrix(`${block}.ffn_down`, feedForward, embedding),
  ]);
  const ends = [norm('output_norm'), matrix('output', embedding, tokens.length)];
  return ggufFile(metadata, [matrix('token_embd', embedding, tokens.length), ...blocks, ...ends]);
}

/** The SentencePiece vocabulary that llama.cpp needs at least: three special tokens, all bytes, and letters. */
function vocabulary(): { text: string; kind: number }[] {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));
  return [
    { text: '<unk>', kind: TOKEN_UNKNOWN },
    { text: '<s>', kind: TOKEN_CONTROL },
    { text: '</s>', kind: TOKEN_CONTROL },
    ...bytes.map((text) => ({ text, kind: TOKEN_BYTE })),
    ...['▁', ...letters].map((text) => ({ text, kind: TOKEN_NORMAL })),
  ];
}

function tensor(seed: string, name: string, type: GgufTensor['type'], shape: readonly number[]): GgufTensor {
  return { name, type, shape, data: bytesContent(weights(`${seed} ${name}`, type, ggufTensorBytes(type, shape))) };
}

/** Small finite numbers in the given encoding. */
function weights(seed: string, type: GgufTensor['type'], bytes: number): Uint8Array {
  const data = seededBytes(seed, bytes);
  const view = new DataView(data.buffer);
  if (type === 'F32') {
    seededFloats(seed, bytes / 4, 1).forEach((value, index) => {
      view.setFloat32(index * 4, 1 + value / 8, true);
    });
  }
  // Half floats: a sign, an exponent that keeps the number below 1/16, a random fraction.
  if (type === 'F16') for (let at = 1; at < bytes; at += 2) data[at] = ((data[at] ?? 0) & 0x83) | 0x28;
  // Each block of 32 signed bytes starts with its scale, here 2^-9 as a half float.
  if (type === 'Q8_0') for (let at = 0; at < bytes; at += 34) view.setUint16(at, 0x1800, true);
  return data;
}
