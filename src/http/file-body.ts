import type { ByteReader } from '../contracts/byte-reader.ts';

/** Bytes `[start, end)` of a file, as the body of an answer. Whoever takes it must close the reader. */
export interface FileBody {
  readonly reader: ByteReader;
  readonly start: number;
  readonly end: number;
  /**
   * Called once, when the answer has ended in whatever way, with the bytes that were sent. Not called when it never began:
   * the first bytes did not come, or the client did not wait for them.
   */
  readonly onEnd?: ((bytes: number) => void) | undefined;
}

/** Bytes per pull when a host without our raw path streams the body. */
const PULL_BYTES = 256 * 1024;

const bodies = new WeakMap<Response, FileBody>();

/**
 * A response whose body is `[start, end)` of a file. Our Node listener takes the `FileBody` and sends it by the raw
 * path; any other fetch-style host reads the same bytes from the response's stream, which reads nothing until pulled
 * and closes the reader at its end, on an error and when it is cancelled.
 */
export function fileResponse(body: FileBody, init: ResponseInit): Response {
  const response = new Response(streamOf(body), init);
  bodies.set(response, body);
  return response;
}

/**
 * The file body of a response, if it has one. From then on the caller owns its reader and the stream must not be read.
 */
export function takeFileBody(response: Response): FileBody | undefined {
  const body = bodies.get(response);
  if (body) bodies.delete(response);
  return body;
}

function streamOf({ reader, start, end, onEnd }: FileBody): ReadableStream<Uint8Array<ArrayBuffer>> {
  const gone = new AbortController();
  let position = start;
  let isOver = false;
  const finish = (): void => {
    // A read that waits when the stream is cancelled fails afterwards.
    if (isOver) return;
    isOver = true;
    reader.close();
    if (position > start || start === end) onEnd?.(position - start);
  };
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        try {
          if (position < end) {
            const buffer = new Uint8Array(Math.min(PULL_BYTES, end - position));
            const count = await reader.read(buffer, position, gone.signal);
            if (count === 0) throw new RangeError(`The file ended at byte ${position} of ${reader.size}`);
            position += count;
            controller.enqueue(count === buffer.length ? buffer : buffer.subarray(0, count));
          }
          if (position >= end) {
            finish();
            controller.close();
          }
        } catch (error) {
          finish();
          throw error;
        }
      },
      cancel(reason) {
        gone.abort(reason);
        finish();
      },
    },
    { highWaterMark: 0 },
  );
}
