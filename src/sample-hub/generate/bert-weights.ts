import { seededFloats } from './seeded.ts';

/** The shape of the sample BERT. */
export const BERT = {
  hidden: 32,
  vocabulary: 64,
  layers: 2,
  heads: 2,
  feedForward: 64,
  positions: 128,
  types: 2,
} as const;

/** A weight under the name that `transformers` gives it. Matrices of linear layers are `[out, in]`, as in PyTorch. */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The weights of the sample BERT: random, but the same for the same seed. */
export function bertWeights(seed: string): ReadonlyMap<string, Weight> {
  const weights = new Map<string, Weight>();
  const add = (name: string, shape: readonly number[], fill: 'random' | number) => {
    const count = shape.reduce((product, length) => product * length, 1);
    const values =
      fill === 'random' ? seededFloats(`${seed} ${name}`, count, 0.35) : new Float32Array(count).fill(fill);
    weights.set(name, { name, shape, values });
  };
  const linear = (name: string, input: number, output: number) => {
    add(`${name}.weight`, [output, input], 'random');
    add(`${name}.bias`, [output], 0);
  };
  const norm = (name: string) => {
    add(`${name}.weight`, [BERT.hidden], 1);
    add(`${name}.bias`, [BERT.hidden], 0);
  };
  add('embeddings.word_embeddings.weight', [BERT.vocabulary, BERT.hidden], 'random');
  add('embeddings.position_embeddings.weight', [BERT.positions, BERT.hidden], 'random');
  add('embeddings.token_type_embeddings.weight', [BERT.types, BERT.hidden], 'random');
  norm('embeddings.LayerNorm');
  for (let layer = 0; layer < BERT.layers; layer += 1) {
    const at = `encoder.layer.${layer}`;
    for (const part of ['query', 'key', 'value']) linear(`${at}.attention.self.${part}`, BERT.hidden, BERT.hidden);
    linear(`${at}.attention.output.dense`, BERT.hidden, BERT.hidden);
    norm(`${at}.attention.output.LayerNorm`);
    linear(`${at}.intermediate.dense`, BERT.hidden, BERT.feedForward);
    linear(`${at}.output.dense`, BERT.feedForward, BERT.hidden);
    norm(`${at}.output.LayerNorm`);
  }
  // Part of every BERT checkpoint; the ONNX model ends before it.
  linear('pooler.dense', BERT.hidden, BERT.hidden);
  return weights;
}
