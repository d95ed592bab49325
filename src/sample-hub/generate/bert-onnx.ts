import { BERT, type Weight } from './bert-weights.ts';
import { OnnxGraph } from './onnx-graph.ts';

/**
 * The sample BERT as an ONNX model: `input_ids`, `attention_mask` and `token_type_ids` (int64, `[batch, sequence]`) to
 * `last_hidden_state` (float, `[batch, sequence, hidden]`).
 */
export function bertOnnx(weights: ReadonlyMap<string, Weight>): Uint8Array {
  const graph = new OnnxGraph();
  const build = new BertBuilder(graph, weights);
  let hidden = build.embeddings();
  const mask = build.mask();
  for (let layer = 0; layer < BERT.layers; layer += 1) hidden = build.layer(layer, hidden, mask);
  graph.node('Identity', [hidden], {}, 'last_hidden_state');
  const tokens = ['batch', 'sequence'];
  return graph.model(
    { input_ids: tokens, attention_mask: tokens, token_type_ids: tokens },
    { last_hidden_state: [...tokens, BERT.hidden] },
  );
}

/** Writes the parts of a BERT encoder into a graph. */
class BertBuilder {
  readonly #graph: OnnxGraph;
  readonly #weights: ReadonlyMap<string, Weight>;

  constructor(graph: OnnxGraph, weights: ReadonlyMap<string, Weight>) {
    this.#graph = graph;
    this.#weights = weights;
    graph.floats('epsilon', [], [1e-12]);
    graph.floats('one', [], [1]);
    graph.floats('minus-billion', [], [-1e9]);
    graph.floats('scale', [], [1 / Math.sqrt(BERT.hidden / BERT.heads)]);
    // 0 keeps the dimension of the input.
    graph.integers('split-heads', [0, 0, BERT.heads, BERT.hidden / BERT.heads]);
    graph.integers('join-heads', [0, 0, BERT.hidden]);
    graph.integers('axes-1-2', [1, 2]);
    graph.integers('zero', 0);
    graph.integers('step', 1);
  }

  embeddings(): string {
    const graph = this.#graph;
    const words = graph.node('Gather', [this.#constant('embeddings.word_embeddings.weight'), 'input_ids']);
    const types = graph.node('Gather', [this.#constant('embeddings.token_type_embeddings.weight'), 'token_type_ids']);
    const length = graph.node('Gather', [graph.node('Shape', ['input_ids']), 'step']);
    const places = graph.node('Range', ['zero', length, 'step']);
    const positions = graph.node('Gather', [this.#constant('embeddings.position_embeddings.weight'), places]);
    const sum = graph.node('Add', [graph.node('Add', [words, types]), positions]);
    return this.#norm('embeddings.LayerNorm', sum);
  }

  /** 0 for tokens that count, a large negative number for padding; broadcast over heads and queries. */
  mask(): string {
    const graph = this.#graph;
    const float = 1;
    const mask = graph.node('Cast', ['attention_mask'], { to: float });
    const wide = graph.node('Unsqueeze', [mask, 'axes-1-2']);
    return graph.node('Mul', [graph.node('Sub', ['one', wide]), 'minus-billion']);
  }

  layer(layer: number, hidden: string, mask: string): string {
    const graph = this.#graph;
    const at = `encoder.layer.${layer}`;
    const attended = this.#attention(`${at}.attention.self`, hidden, mask);
    const projected = this.#linear(`${at}.attention.output.dense`, attended);
    const middle = this.#norm(`${at}.attention.output.LayerNorm`, graph.node('Add', [hidden, projected]));
    const wide = graph.node('Relu', [this.#linear(`${at}.intermediate.dense`, middle)]);
    const narrow = this.#linear(`${at}.output.dense`, wide);
    return this.#norm(`${at}.output.LayerNorm`, graph.node('Add', [middle, narrow]));
  }

  #attention(name: string, hidden: string, mask: string): string {
    const graph = this.#graph;
    const heads = (part: string, perm: readonly number[]) =>
      graph.node('Transpose', [graph.node('Reshape', [this.#linear(`${name}.${part}`, hidden), 'split-heads'])], {
        perm,
      });
    const query = heads('query', [0, 2, 1, 3]);
    const key = heads('key', [0, 2, 3, 1]);
    const value = heads('value', [0, 2, 1, 3]);
    const scores = graph.node('Add', [graph.node('Mul', [graph.node('MatMul', [query, key]), 'scale']), mask]);
    const mixed = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: 3 }), value]);
    return graph.node('Reshape', [graph.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }), 'join-heads']);
  }

  #linear(name: string, input: string): string {
    const product = this.#graph.node('MatMul', [input, this.#transposed(`${name}.weight`)]);
    return this.#graph.node('Add', [product, this.#constant(`${name}.bias`)]);
  }

  #norm(name: string, input: string): string {
    const graph = this.#graph;
    const axes = [2];
    const centred = graph.node('Sub', [input, graph.node('ReduceMean', [input], { axes })]);
    const variance = graph.node('ReduceMean', [graph.node('Mul', [centred, centred])], { axes });
    const deviation = graph.node('Sqrt', [graph.node('Add', [variance, 'epsilon'])]);
    const scaled = graph.node('Mul', [graph.node('Div', [centred, deviation]), this.#constant(`${name}.weight`)]);
    return graph.node('Add', [scaled, this.#constant(`${name}.bias`)]);
  }

  #constant(name: string): string {
    const { shape, values } = this.#weight(name);
    return this.#graph.floats(name, shape, values);
  }

  /** ONNX multiplies by `[in, out]`. */
  #transposed(name: string): string {
    const { shape, values } = this.#weight(name);
    const [rows = 0, columns = 0] = shape;
    const turned = Float32Array.from(
      values,
      (_, index) => values[(index % rows) * columns + Math.floor(index / rows)] ?? 0,
    );
    return this.#graph.floats(`${name}.transposed`, [columns, rows], turned);
  }

  #weight(name: string): Weight {
    const weight = this.#weights.get(name);
    if (!weight) throw new RangeError(`the sample BERT has no weight ${name}`);
    return weight;
  }
}
