import type { RouteKind } from './route.ts';

/** One request that the sample hub or its CDN has answered. */
export interface LoggedRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly host: 'hub' | 'cdn';
  readonly kind: RouteKind;
  /** `org/name`, `datasets/org/name` ...; absent where no known repo is named. */
  readonly repo?: string | undefined;
  readonly path?: string | undefined;
  /** 0 when the connection was closed without an answer. */
  readonly status: number;
  readonly range?: string | undefined;
  /** The bearer token that came with it. */
  readonly token?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Bytes of the body handed to the connection. */
  readonly bytesSent: number;
  /** When it came, milliseconds since the epoch. */
  readonly at: number;
}

// Enough for any test; bounds the memory of a demo that runs for days.
const KEPT_REQUESTS = 20_000;

/** What the hub was asked and what it sent. */
export class RequestLog {
  readonly #requests: LoggedRequest[] = [];
  /** Bytes of file content, by `repo path`, both listeners together. */
  readonly #sent = new Map<string, number>();

  get requests(): readonly LoggedRequest[] {
    return this.#requests;
  }

  add(request: LoggedRequest): void {
    this.#requests.push(request);
    if (this.#requests.length > KEPT_REQUESTS) this.#requests.splice(0, KEPT_REQUESTS / 2);
  }

  /** Counts bytes of file content as they go out. */
  countFileBytes(repo: string, path: string, bytes: number): void {
    const key = fileKey(repo, path);
    this.#sent.set(key, (this.#sent.get(key) ?? 0) + bytes);
  }

  /** Bytes of file content sent: of one file, of a repo, or of all. */
  bytesSent(repo?: string, path?: string): number {
    if (repo !== undefined && path !== undefined) return this.#sent.get(fileKey(repo, path)) ?? 0;
    let total = 0;
    for (const [key, bytes] of this.#sent) {
      if (repo === undefined || key.startsWith(`${repo}\n`)) total += bytes;
    }
    return total;
  }

  reset(): void {
    this.#requests.length = 0;
    this.#sent.clear();
  }
}

const fileKey = (repo: string, path: string): string => `${repo}\n${path}`;
