import { writeSync } from 'node:fs';
import { sameBytes } from '../base/same-bytes.ts';
import type { RunExpectation, RunHashOptions, RunWrite, StoreOutcome } from '../contracts/hasher.ts';
import { RunDigest } from './run-digest.ts';

/** Checks bytes, and writes them when they are right, with blocking calls: for worker threads only. */
export function storeRun(request: {
  readonly bytes: Uint8Array;
  readonly options: RunHashOptions;
  readonly expected: RunExpectation;
  readonly writes: readonly RunWrite[];
}): StoreOutcome {
  const { bytes, options, expected, writes } = request;
  const digest = new RunDigest(options);
  digest.update(bytes);
  const { pieces, nodes, root } = digest.finish();
  const { sha1, node } = expected;
  const isRight =
    (sha1 === undefined || sameBytes(pieces[0]?.pieces, sha1)) &&
    (node === undefined || sameBytes(node.isRoot ? root : nodes, node.hash));
  if (!isRight) return 'wrong';
  try {
    for (const write of writes) writeAll(write);
    return 'stored';
  } catch {
    return 'unwritten';
  }
}

function writeAll({ fd, position, bytes }: RunWrite): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}
