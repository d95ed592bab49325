import { SwarmError } from '../errors.ts';

/**
 * Reads a body to its end. `tooLarge` makes the error for one of more than `limit` bytes; the rest is then cancelled.
 */
export async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
  tooLarge: () => SwarmError,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > limit) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let position = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}

/**
 * Lets at most `limit` bytes through; a longer body breaks off with UPSTREAM_INVALID, so that it cannot look complete.
 */
export function limitBody(body: ReadableStream<Uint8Array>, limit: number): ReadableStream<Uint8Array> {
  let length = 0;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        length += chunk.length;
        if (length > limit)
          controller.error(new SwarmError('UPSTREAM_INVALID', `The Hub sent more than ${limit} bytes`));
        else controller.enqueue(chunk);
      },
    }),
  );
}
