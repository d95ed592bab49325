import { type Field, protobuf } from './protobuf.ts';

/** An attribute of a node, not negative; only the types that the sample model needs. */
export type OnnxAttribute = number | readonly number[];

// onnx.proto: TensorProto.DataType and AttributeProto.AttributeType.
const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;
const OPSET = 14;
const IR_VERSION = 8;

/** Builds an ONNX graph node by node, and writes it as a model file (onnx.proto, opset 14). */
export class OnnxGraph {
  readonly #nodes: Uint8Array[] = [];
  readonly #initializers: Uint8Array[] = [];
  #made = 0;

  /** Adds a constant of floats. Returns its name. */
  floats(name: string, shape: readonly number[], values: Float32Array | readonly number[]): string {
    const bytes = new Uint8Array(values.length * 4);
    const view = new DataView(bytes.buffer);
    values.forEach((value, index) => {
      view.setFloat32(index * 4, value, true);
    });
    return this.#initializer(name, FLOAT, shape, bytes);
  }

  /** Adds a constant of 64-bit integers: a vector, or a scalar when `values` is a number. Returns its name. */
  integers(name: string, values: number | readonly number[]): string {
    const list = typeof values === 'number' ? [values] : values;
    const bytes = new Uint8Array(list.length * 8);
    const view = new DataView(bytes.buffer);
    list.forEach((value, index) => {
      view.setBigInt64(index * 8, BigInt(value), true);
    });
    return this.#initializer(name, INT64, typeof values === 'number' ? [] : [values.length], bytes);
  }

  /** Adds a node with one output. Returns the output's name: `output`, or a new one. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    output?: string,
  ): string {
    this.#made += 1;
    const name = output ?? `t${this.#made}`;
    this.#nodes.push(
      protobuf([
        ...inputs.map((input): Field => [1, input]),
        [2, name],
        [3, `n${this.#made}`],
        [4, operator],
        ...Object.entries(attributes).map(([key, value]): Field => [5, attribute(key, value)]),
      ]),
    );
    return name;
  }

  /** The model file. A dimension is a number, or a name where it may vary. */
  model(
    inputs: Readonly<Record<string, readonly (string | number)[]>>,
    outputs: Readonly<Record<string, readonly (string | number)[]>>,
  ): Uint8Array {
    const graph = protobuf([
      ...this.#nodes.map((node): Field => [1, node]),
      [2, 'sample'],
      ...this.#initializers.map((initializer): Field => [5, initializer]),
      ...Object.entries(inputs).map(([name, shape]): Field => [11, valueInfo(name, INT64, shape)]),
      ...Object.entries(outputs).map(([name, shape]): Field => [12, valueInfo(name, FLOAT, shape)]),
    ]);
    const opset = protobuf([
      [1, ''],
      [2, OPSET],
    ]);
    return protobuf([
      [1, IR_VERSION],
      [2, 'sample'],
      [7, graph],
      [8, opset],
    ]);
  }

  #initializer(name: string, type: number, shape: readonly number[], bytes: Uint8Array): string {
    const dimensions = shape.map((length): Field => [1, length]);
    this.#initializers.push(protobuf([...dimensions, [2, type], [8, name], [9, bytes]]));
    return name;
  }
}

function attribute(name: string, value: OnnxAttribute): Uint8Array {
  if (typeof value === 'number') {
    return protobuf([
      [1, name],
      [3, value],
      [20, ATTRIBUTE_INT],
    ]);
  }
  return protobuf([[1, name], ...value.map((one): Field => [8, one]), [20, ATTRIBUTE_INTS]]);
}

function valueInfo(name: string, type: number, shape: readonly (string | number)[]): Uint8Array {
  const dimensions = shape.map(
    (length): Field => [1, protobuf([typeof length === 'number' ? [1, length] : [2, length]])],
  );
  const tensor = protobuf([
    [1, type],
    [2, protobuf(dimensions)],
  ]);
  return protobuf([
    [1, name],
    [2, protobuf([[1, tensor]])],
  ]);
}
