/** The upstream in a process of its own: a sample hub that does what the parent's messages say. */
import { randomBytes } from 'node:crypto';
import { type Content, createSampleHub } from '../../src/sample-hub/index.ts';
import type { UpstreamCall, UpstreamPace } from './upstream.ts';

// Longer than what is read at a time and no power of two, so that no two reads of a file are the same bytes.
const BLOCK = (4 << 20) + 4093;

const hub = await createSampleHub();
const noPace = () => {};
let endPace = noPace;

/** `size` bytes that cost a copy to make. Every call gives other bytes, so that nothing is cached by content. */
function repeatedContent(size: number): Content {
  const block = randomBytes(Math.min(BLOCK, size));
  return {
    size,
    read(start, end) {
      const bytes = new Uint8Array(end - start);
      for (let at = 0; at < bytes.length; ) {
        const from = (start + at) % block.length;
        const piece = block.subarray(from, Math.min(block.length, from + bytes.length - at));
        bytes.set(piece, at);
        at += piece.length;
      }
      return bytes;
    },
  };
}

function setPace(pace: UpstreamPace): void {
  endPace();
  const { delay, bytesPerSecond } = pace;
  const ends = [
    ...(delay === undefined ? [] : [hub.setFault('*', { delay })]),
    ...(bytesPerSecond === undefined ? [] : [hub.setFault({ host: 'cdn' }, { totalBytesPerSecond: bytesPerSecond })]),
  ];
  endPace = () => {
    for (const end of ends) end();
  };
}

function perform(call: UpstreamCall): string | number {
  switch (call.do) {
    case 'url':
      return hub.url;
    case 'add': {
      const files = Object.fromEntries(call.files.map(({ path, size }) => [path, repeatedContent(size)]));
      return hub.addRepo({ name: call.repo, files });
    }
    case 'pace':
      setPace(call.pace);
      return '';
    case 'sent':
      return hub.bytesSent(call.repo, call.path);
  }
}

process.on('message', ({ id, call }: { id: number; call: UpstreamCall }) => {
  process.send?.({ id, result: perform(call) });
});
process.on('disconnect', () => process.exit(0));
