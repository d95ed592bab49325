import type { Content } from '../content.ts';
import type { FileSource } from '../repo-file.ts';
import type { SampleRepo } from '../sample-repo.ts';
import { bertOnnx } from './bert-onnx.ts';
import { bertConfigJson, tokenizerConfigJson, tokenizerJson, VOCABULARY } from './bert-tokenizer.ts';
import { bertWeights } from './bert-weights.ts';
import { bigFiles } from './big-files.ts';
import { llamaGguf } from './llama-gguf.ts';
import { patternContent } from './pattern-content.ts';
import { DTYPE_BYTES, f32Tensor, safetensorsFile, safetensorsIndex, type Tensor } from './safetensors.ts';

/**
 * The repos of the demo: small models in the formats that clients read, a dataset, a Space, and repos that are hard to mirror
 * (many files, difficult names, a gate, files of up to 20 GB).
 * @param seed decides the contents of all but the big files
 */
export function demoRepos(seed: string = 'sample'): SampleRepo[] {
  return [
    tinyBert(seed),
    llama(seed),
    sharded(seed),
    bigModel(),
    {
      name: 'sample/big-files',
      files: withAttributes(pick(['64m.bin', '1g.bin', '20g.bin'])),
      card: { license: 'mit' },
    },
    manyFiles(),
    hardNames(),
    {
      name: 'sample/gated-bert',
      files: { 'README.md': card('Gated BERT', 'other'), 'model.safetensors': bertSafetensors(seed) },
      gated: 'auto',
      card: { license: 'other' },
    },
    sentences(),
    {
      name: 'spaces/sample/hello',
      files: { 'README.md': SPACE_CARD, 'index.html': '<h1>Hello</h1>\n' },
      card: { sdk: 'static' },
    },
  ];
}

/** A BERT that runs: ONNX for transformers.js, safetensors with the same weights, tokenizer. */
function tinyBert(seed: string): SampleRepo {
  const weights = bertWeights(seed);
  const parameters = [...weights.values()].reduce((sum, { values }) => sum + values.length, 0);
  return {
    name: 'sample/tiny-bert',
    aliases: ['tiny-bert'],
    files: withAttributes({
      'README.md': card('Tiny BERT', 'mit'),
      'config.json': bertConfigJson(),
      'tokenizer.json': tokenizerJson(),
      'tokenizer_config.json': tokenizerConfigJson(),
      'vocab.txt': `${VOCABULARY.join('\n')}\n`,
      'model.safetensors': bertSafetensors(seed),
      'onnx/model.onnx': bertOnnx(weights),
    }),
    card: {
      license: 'mit',
      tags: ['onnx', 'safetensors', 'bert', 'transformers.js'],
      pipelineTag: 'feature-extraction',
      libraryName: 'transformers',
      safetensors: { parameters: { F32: parameters }, total: parameters },
    },
  };
}

function bertSafetensors(seed: string): Content {
  return safetensorsFile(
    [...bertWeights(seed).values()].map(({ name, shape, values }) => f32Tensor(name, shape, values)),
  );
}

function llama(seed: string): SampleRepo {
  return {
    name: 'sample/llama-gguf',
    files: withAttributes({
      'README.md': card('Tiny Llama', 'apache-2.0'),
      'tiny-llama-F16.gguf': llamaGguf(seed, 'F16'),
      'tiny-llama-Q8_0.gguf': llamaGguf(seed, 'Q8_0'),
    }),
    card: {
      license: 'apache-2.0',
      tags: ['gguf', 'llama'],
      pipelineTag: 'text-generation',
      gguf: { architecture: 'llama', context_length: 256 },
    },
  };
}

/** A model of 48 MiB in three files with an index. */
function sharded(seed: string): SampleRepo {
  const shape = [1024, 4096];
  const tensor = (layer: number): Tensor => {
    const name = `model.layers.${layer}.weight`;
    return { name, dtype: 'BF16', shape, data: patternContent(DTYPE_BYTES.BF16 * 1024 * 4096, `${seed} ${name}`) };
  };
  const shards = new Map(
    [1, 2, 3].map((n) => [`model-0000${n}-of-00003.safetensors`, [tensor(2 * n - 2), tensor(2 * n - 1)]]),
  );
  return {
    name: 'sample/sharded',
    files: withAttributes({
      'README.md': card('Sharded', 'mit'),
      'config.json': '{"model_type": "llama", "num_hidden_layers": 6}\n',
      'model.safetensors.index.json': safetensorsIndex(shards),
      ...Object.fromEntries([...shards].map(([path, tensors]) => [path, safetensorsFile(tensors)])),
    }),
    card: { license: 'mit', tags: ['safetensors'], libraryName: 'transformers' },
  };
}

/** A model of 240 MiB in one file. */
function bigModel(): SampleRepo {
  return {
    name: 'sample/big-model',
    files: withAttributes({
      'README.md': card('Big model', 'mit'),
      'config.json': '{"model_type": "llama", "num_hidden_layers": 15}\n',
      ...pick(['model.safetensors']),
    }),
    card: { license: 'mit', tags: ['safetensors'] },
  };
}

/** More than one page of a listing. */
function manyFiles(): SampleRepo {
  const number = (index: number) => String(index).padStart(4, '0');
  const files = Array.from({ length: 1200 }, (_, index) => [
    `part-${number(index % 12)}/file-${number(index)}.txt`,
    `file ${index} of 1200\n`,
  ]);
  return { name: 'sample/many-files', files: Object.fromEntries(files), card: { license: 'mit' } };
}

/** Names that have to be escaped in URLs, headers or shells, and a file without bytes. */
function hardNames(): SampleRepo {
  const paths = [
    'with space.txt',
    'hash#tag.txt',
    'percent%20sign.txt',
    'plus+sign.txt',
    'question?mark.txt',
    "quote\"s and 'single'.txt",
    'semi;colon, comma.txt',
    'back\\slash.txt',
    'amper&sand=equals.txt',
    'ünïcödé/日本語/😀.txt',
    'deep/er/than/most/directories.txt',
    '-starts-with-a-dash',
    '.hidden',
  ];
  const files = paths.map((path) => [path, `${path}\n`]);
  return {
    name: 'sample/hard-names',
    files: {
      ...Object.fromEntries(files),
      'pkg/__init__.py': '',
      'ünïcödé/weights (1).bin': new TextEncoder().encode('weights'),
    },
    card: { license: 'mit' },
  };
}

function sentences(): SampleRepo {
  const rows = Array.from({ length: 500 }, (_, index) => ({
    id: index,
    text: `sentence number ${index}`,
    label: index % 2,
  }));
  return {
    name: 'datasets/sample/sentences',
    files: {
      'README.md': card('Sentences', 'cc0-1.0'),
      'data/train.jsonl': rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
      'data/train.csv': `id,text,label\n${rows.map(({ id, text, label }) => `${id},${text},${label}\n`).join('')}`,
    },
    card: { license: 'cc0-1.0', tags: ['text'] },
  };
}

function pick(paths: readonly string[]): Record<string, Content> {
  const files = bigFiles();
  return Object.fromEntries([...files].filter(([path]) => paths.includes(path)));
}

/** Repos with LFS files carry the rules that say which files these are. */
function withAttributes(files: Readonly<Record<string, FileSource>>): Record<string, FileSource> {
  const extensions = ['bin', 'gguf', 'onnx', 'safetensors'];
  return {
    '.gitattributes': extensions.map((name) => `*.${name} filter=lfs diff=lfs merge=lfs -text\n`).join(''),
    ...files,
  };
}

function card(title: string, license: string): string {
  return `---\nlicense: ${license}\n---\n# ${title}\n\nGenerated by modelswarm's sample hub. The weights are random.\n`;
}

const SPACE_CARD = '---\ntitle: Hello\nsdk: static\n---\n';
