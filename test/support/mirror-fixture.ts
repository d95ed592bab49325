import type { Caller, Grant } from '../../src/contracts/access.ts';
import type { ByteReader } from '../../src/contracts/byte-reader.ts';
import type { Files, OpenFile, ReadIntent } from '../../src/contracts/files.ts';
import { createCallerKeys } from '../../src/http/authorization.ts';
import { HotTable } from '../../src/http/hot-table.ts';
import { frameRequest } from '../../src/http/request-frame.ts';
import { repoName } from '../../src/hub-format/repo-id.ts';
import { createMirror } from '../../src/mirror/create-mirror.ts';
import type { MirrorOptions } from '../../src/mirror/mirror-options.ts';
import type { ReposOptions } from '../../src/repos/repos.ts';
import type { SampleHub, SampleHubOptions } from '../../src/sample-hub/index.ts';
import { recordingLogger } from './recording-logger.ts';
import { openReposFixture, type ReposFixture } from './repos-fixture.ts';

/** Files without a disk: what a test says is held, is held; the rest comes at once, straight from the sample hub. */
export class SampleFiles implements Files {
  readonly held: Set<string> = new Set<string>();
  readonly suspect: Set<string> = new Set<string>();
  readonly intents: ReadIntent[] = [];
  /** Readers that are open. */
  opened: number = 0;
  readonly #hub: SampleHub;

  constructor(hub: SampleHub) {
    this.#hub = hub;
  }

  async open(grant: Grant, intent: ReadIntent): Promise<OpenFile> {
    await grant.verifyServable();
    this.intents.push(intent);
    const isHeld = this.isHeld(grant);
    return { reader: this.#reader(grant), verified: isHeld ? 'blob' : 'provisional', cache: isHeld ? 'hit' : 'miss' };
  }

  isSuspect(grant: Grant): boolean {
    return this.suspect.has(grant.entry.path);
  }

  whereabouts(): 'absent' {
    return 'absent';
  }

  isHeld(grant: Grant): boolean {
    return this.held.has(grant.entry.path);
  }

  async fetch(grant: Grant): Promise<void> {
    await grant.verifyServable();
    this.held.add(grant.entry.path);
  }

  heldBytes(grant: Grant): number {
    return this.isHeld(grant) ? grant.entry.size : 0;
  }

  #reader({ repo, commit, entry }: Grant): ByteReader {
    const { content, size } = this.#hub.file(repoName(repo), entry.path, commit);
    this.opened += 1;
    let closed = false;
    return {
      size,
      read: async (buffer, position) => {
        const bytes = content?.read(position, Math.min(size, position + buffer.length)) ?? new Uint8Array(0);
        buffer.set(bytes);
        return bytes.length;
      },
      close: () => {
        if (!closed) this.opened -= 1;
        closed = true;
      },
    };
  }
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}

export interface AskInit extends RequestInit {
  readonly token?: string;
}

/** A mirror of a sample hub, with the real client, catalogue and rules, and files in memory. */
export interface MirrorFixture extends AsyncDisposable {
  readonly hub: SampleHub;
  readonly files: SampleFiles;
  readonly hot: HotTable;
  readonly parts: ReposFixture;
  readonly logger: ReturnType<typeof recordingLogger>;
  /** One request, `path` with its query, framed as the server frames it. */
  ask(path: string, init?: AskInit): Promise<Answer>;
  /** The same, unread. */
  send(path: string, init?: AskInit): Promise<Response>;
  /** The same mirror with other options: a restart. */
  reopen(options: Partial<MirrorOptions>, repos?: Partial<ReposOptions>): void;
}

export async function openMirror(
  hubOptions: SampleHubOptions,
  options: Partial<MirrorOptions> = {},
): Promise<MirrorFixture> {
  const parts = await openReposFixture(hubOptions);
  const { hub, client, catalog, clock } = parts;
  const files = new SampleFiles(hub);
  const logger = recordingLogger();
  const hot = new HotTable({ clock, callerKeys: createCallerKeys() });
  const base: MirrorOptions = { repos: parts.repos, files, hub: client, documents: catalog, clock, hot, ...options };
  let mirror = createMirror(base);

  async function send(path: string, { token, ...init }: AskInit = {}): Promise<Response> {
    const request = new Request(`http://mirror.test${path}`, init);
    const caller: Caller = { client: '192.0.2.1', token };
    return frameRequest(request, { logger, clock }, async () => {
      return (await mirror(request, caller)) ?? new Response('not of the hub', { status: 404 });
    });
  }

  return {
    hub,
    files,
    hot,
    parts,
    logger,
    send,
    async ask(path, init) {
      const { status, headers, body } = await send(path, init);
      const text = body ? await new Response(body).text() : '';
      return { status, headers, text, json: parseJson(text) };
    },
    reopen(other, repos) {
      mirror = createMirror({ ...base, ...other, repos: parts.reopen(repos) });
    },
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
