import type { RunPart } from '../../contracts/hasher.ts';
import { type ContentFile, partOf } from './content-files.ts';
import type { Check } from './verify.ts';

const SHA1_BYTES = 20;
const RUN_BYTES = 16 * 1024 * 1024;
/** One buffer for all pads: in a message to a thread it is copied once, however often it stands there. */
const ZEROS = new Uint8Array(64 * 1024);

/** A stretch of the torrent's bytes: of a file, or (without one) of a pad. */
interface Stretch {
  readonly content: ContentFile | undefined;
  /** In the run of all bytes. */
  readonly start: number;
  readonly end: number;
}

/** Compares the v1 pieces, which run across files as if these were one. */
export async function checkPieces(check: Check): Promise<void> {
  const { torrent, pool, signal, turn, onBad, onProgress } = check;
  const { pieceLength, pieces = new Uint8Array(0) } = torrent;
  const stretches = layOut(check);
  const total = stretches.at(-1)?.end ?? 0;
  const perRun = Math.max(1, Math.floor(RUN_BYTES / pieceLength)) * pieceLength;
  const runs: Promise<void>[] = [];
  let cursor = 0;
  for (let start = 0; start < total; start += perRun) {
    const end = Math.min(total, start + perRun);
    while ((stretches[cursor]?.end ?? total) <= start) cursor += 1;
    const inside = stretchesWithin(stretches, cursor, start, end);
    runs.push(
      turn(async () => {
        signal.throwIfAborted();
        const wanted = pieces.subarray((start / pieceLength) * SHA1_BYTES, Math.ceil(end / pieceLength) * SHA1_BYTES);
        const readable = inside.every(isReadable);
        const found = readable
          ? (await pool.hashRun(inside.flatMap(partsOf), { pieceLengths: [pieceLength] })).pieces[0]
          : undefined;
        for (let at = start; at < end; at += pieceLength) {
          const offset = ((at - start) / pieceLength) * SHA1_BYTES;
          if (found && same(found.pieces, wanted, offset)) continue;
          const piece = stretchesWithin(inside, 0, at, Math.min(end, at + pieceLength));
          // Of a run with a file that is missing, the pieces that do not touch it may be right: they are hashed one by one.
          if (!found && piece.every(isReadable)) {
            const alone = (await pool.hashRun(piece.flatMap(partsOf), { pieceLengths: [pieceLength] })).pieces[0];
            if (alone && same(alone.pieces, wanted.subarray(offset), 0)) continue;
          }
          for (const { content, start: from, end: to } of piece) {
            if (content) onBad(content, from - content.file.offset, to - content.file.offset);
          }
        }
        onProgress(inside.reduce((sum, { content, start: from, end: to }) => sum + (content ? to - from : 0), 0));
      }),
    );
  }
  await Promise.all(runs);
}

function layOut({ torrent, files }: Check): Stretch[] {
  const byOffset = new Map(files.map((content) => [content.file, content]));
  return torrent.files
    .filter(({ length }) => length > 0)
    .map((file) => ({ content: byOffset.get(file), start: file.offset, end: file.offset + file.length }));
}

function stretchesWithin(all: readonly Stretch[], from: number, start: number, end: number): Stretch[] {
  const inside: Stretch[] = [];
  for (let index = from; index < all.length; index++) {
    const stretch = all[index];
    if (!stretch || stretch.start >= end) break;
    if (stretch.end <= start) continue;
    inside.push({ ...stretch, start: Math.max(start, stretch.start), end: Math.min(end, stretch.end) });
  }
  return inside;
}

function isReadable({ content, end }: Stretch): boolean {
  return content === undefined || (content.size ?? 0) >= end - content.file.offset;
}

function partsOf({ content, start, end }: Stretch): RunPart[] {
  if (content) {
    const { offset } = content.file;
    return [partOf(content, start - offset, end - offset)];
  }
  const parts: RunPart[] = [];
  for (let rest = end - start; rest > 0; rest -= ZEROS.length) {
    parts.push(rest < ZEROS.length ? ZEROS.slice(0, rest) : ZEROS);
  }
  return parts;
}

function same(found: Uint8Array, wanted: Uint8Array, offset: number): boolean {
  for (let index = offset; index < offset + SHA1_BYTES; index++) if (found[index] !== wanted[index]) return false;
  return true;
}
