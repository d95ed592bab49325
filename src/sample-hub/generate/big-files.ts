import type { Content } from '../content.ts';
import { KNOWN_SHA256 } from './known-hashes.ts';
import { patternContent } from './pattern-content.ts';
import { DTYPE_BYTES, safetensorsFile, type Tensor } from './safetensors.ts';

const MIB = 1 << 20;

/**
 * The files that are too big to hash at every start. They do not depend on the seed of the sample repos.
 * @param hashes SHA-256 of each; `scripts/sample-constants.ts` passes none to compute them
 */
export function bigFiles(hashes: Readonly<Record<string, string>> = KNOWN_SHA256): ReadonlyMap<string, Content> {
  const pattern = (path: string, size: number) => [path, patternContent(size, path, hashes[path])] as const;
  const model = (path: string, layers: number) => [path, bigModel(path, layers, hashes[path])] as const;
  return new Map([
    pattern('64m.bin', 64 * MIB),
    pattern('1g.bin', 1024 * MIB),
    pattern('20g.bin', 20_000_000_000),
    model('model.safetensors', 15),
  ]);
}

/** A safetensors file of 16 MiB per layer. */
function bigModel(path: string, layers: number, sha256: string | undefined): Content {
  const shape = [2048, 4096];
  const tensors = Array.from({ length: layers }, (_, layer): Tensor => {
    const name = `model.layers.${layer}.weight`;
    return { name, dtype: 'BF16', shape, data: patternContent(DTYPE_BYTES.BF16 * 2048 * 4096, `${path} ${name}`) };
  });
  return safetensorsFile(tensors, sha256);
}
