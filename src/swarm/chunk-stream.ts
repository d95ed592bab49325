import { SwarmError } from '../errors.ts';

/** Chunks as a stream that asks for the next one when it is read; leaving it ends them. */
export function chunkStream(chunks: AsyncGenerator<Uint8Array, void, void>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => void (await chunks.return(undefined)),
    },
    { highWaterMark: 0 },
  );
}

/** Throws BAD_REQUEST unless bytes from `start` on, up to `end`, can be read of a file of `size` bytes. */
export function assertReadable(path: string, size: number, start: number, end: number): void {
  const isFine =
    Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= Math.max(end, start);
  if (!isFine || start > size)
    throw new SwarmError('BAD_REQUEST', `${path} has ${size} bytes; ${start} to ${end} cannot be read of it.`);
}
