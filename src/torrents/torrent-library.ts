import type { RefStore } from '../contracts/catalog.ts';
import type { ContentId } from '../contracts/domain.ts';
import type { FileHashes } from '../contracts/piece-hashes.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import {
  type CanonicalLayout,
  planFileTorrent,
  planRepoTorrent,
  type SealedTorrent,
  sealInSteps,
  type Variant,
} from '../metainfo/canonical.ts';
import type { HeldHashes } from './held-hashes.ts';
import { contentsOf, type Subject } from './subject.ts';

/** Sealed torrents of repos that are kept, by the bytes of their dictionaries and layers. */
const KEPT_BYTES = 64 * 1024 * 1024;
/** Other requests get their turn this often while a torrent of many files is put together. */
const SLICE_MS = 10;

/** Makes the torrents of what is held, out of hashes that are known. */
export class TorrentLibrary {
  readonly #held: HeldHashes;
  readonly #refs: Pick<RefStore, 'servable'>;
  readonly #onMade: (subject: Subject, variant: Variant, sealed: SealedTorrent) => void;
  readonly #kept = new Map<string, SealedTorrent>();
  #keptBytes = 0;

  /** `onMade` hears of each torrent whenever it is put together. */
  constructor(
    held: HeldHashes,
    refs: Pick<RefStore, 'servable'>,
    onMade: (subject: Subject, variant: Variant, sealed: SealedTorrent) => void = () => {},
  ) {
    this.#onMade = onMade;
    this.#held = held;
    this.#refs = refs;
  }

  /** How the torrent of a subject is laid out. Throws BAD_TORRENT, TOO_LARGE: there is none. */
  plan(subject: Subject, variant: Variant): CanonicalLayout {
    if (subject.kind === 'file') {
      const { path, size } = subject.grant.entry;
      return planFileTorrent(path.slice(path.lastIndexOf('/') + 1), size, variant);
    }
    const { repo } = subject.grant;
    const files = subject.tree.entries.map(({ path, size }) => ({ path, length: size }));
    return planRepoTorrent(repo.id.slice(repo.id.indexOf('/') + 1), files, variant);
  }

  /** The torrent of a subject; undefined while something of it is not ready. Throws as `plan`. */
  async find(subject: Subject, variant: Variant): Promise<SealedTorrent | undefined> {
    const layout = this.plan(subject, variant);
    if (!(await this.isReady(subject, layout))) return undefined;
    const key = `${subject.key}?${variant}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const sealed = await this.#seal(layout, contentsOf(subject));
    if (sealed) this.#onMade(subject, variant, sealed);
    if (sealed && subject.kind === 'repo') this.#keep(key, sealed);
    return sealed;
  }

  /**
   * Is every file held, hashed, and proved to be the repo's? Anybody can commit a pointer to bytes that only others may read: held bytes
   * become a torrent of this repo once the Hub has served some of them for it to an anonymous caller.
   */
  async isReady(subject: Subject, { pieceLength }: CanonicalLayout): Promise<boolean> {
    const pause = createPause();
    const { repo } = subject.grant;
    for (const content of contentsOf(subject)) {
      if (!this.#held.has(content, pieceLength)) return false;
      if (content.kind === 'lfs' && content.size > 0 && !this.#refs.servable(repo, content.sha256)) return false;
      await pause();
    }
    return true;
  }

  async #seal(layout: CanonicalLayout, contents: readonly ContentId[]): Promise<SealedTorrent | undefined> {
    const pause = createPause();
    const steps = sealInSteps(layout, (index) => this.#hashesOf(contents[index], layout));
    try {
      for (;;) {
        const step = steps.next();
        if (step.done) return step.value;
        await pause();
      }
    } catch (error) {
      // Evicted meanwhile.
      if (isSwarmError(error, 'NOT_CACHED')) return undefined;
      throw error;
    }
  }

  #hashesOf(content: ContentId | undefined, { pieceLength }: CanonicalLayout): FileHashes {
    const hashes = content && this.#held.find(content, pieceLength);
    if (!hashes) throw new SwarmError('NOT_CACHED', 'A file of the torrent is not held');
    return hashes;
  }

  #keep(key: string, sealed: SealedTorrent): void {
    this.#forget(key);
    this.#kept.set(key, sealed);
    this.#keptBytes += bytesOf(sealed);
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= KEPT_BYTES) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const sealed = this.#kept.get(key);
    if (!sealed) return;
    this.#kept.delete(key);
    this.#keptBytes -= bytesOf(sealed);
  }
}

function bytesOf({ info, pieceLayers }: SealedTorrent): number {
  let bytes = info.length;
  for (const layer of pieceLayers?.values() ?? []) bytes += layer.length + 100;
  return bytes;
}

/** Gives the event loop to others when a slice of time is used up. */
function createPause(): () => Promise<void> {
  let until = performance.now() + SLICE_MS;
  return async () => {
    if (performance.now() < until) return;
    await new Promise((resolve) => setImmediate(resolve));
    until = performance.now() + SLICE_MS;
  };
}
