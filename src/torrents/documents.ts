import { z } from 'zod';

/** The JSON documents of the torrent routes; openapi.json is made of their schemas. */

/** `GET /model/...?format=json`. */
export interface StatusDocument {
  readonly status: 'ready' | 'preparing' | 'failed';
  readonly progress: number;
  readonly size: number;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly repoId: string;
  readonly revision: string;
  readonly commit: string;
  readonly filePath: string | null;
  readonly links: {
    readonly self: string;
    readonly torrent: string;
    readonly magnet: string;
    readonly webSeed: string | null;
    readonly hub: string;
  };
}

/** `GET /magnet/...`. */
export interface MagnetDocument {
  readonly magnetUri: string;
  readonly repoId: string;
  readonly revision: string;
  readonly commit: string;
  readonly filePath: string | null;
  readonly webSeed: string | null;
  readonly infoHash: string | null;
  readonly infoHashV2: string | null;
  readonly swarm: { readonly seeders: number; readonly leechers: number; readonly completed: number } | null;
}

/** Every answer that is no success. */
export interface ErrorDocument {
  readonly error: string;
  readonly code: string | null;
  readonly statusUrl?: string | undefined;
  readonly torrents?: string[] | undefined;
}

/** What the files of a repo are, by their hashes. */
export interface FileHashesDocument {
  readonly repo: string;
  readonly commit: string;
  readonly files: readonly {
    readonly path: string;
    readonly size: number;
    readonly sha256: string | null;
    readonly gitOid: string;
  }[];
}

/** What was served, in bytes and requests. */
export interface StatsCounters {
  readonly requests: number;
  readonly bytesToClients: number;
  readonly bytesFromHub: number;
  readonly bytesByPeers: number;
  readonly bytesSaved: number;
}

/** `GET /hf-stats`. */
export interface StatsDocument {
  readonly totals: StatsCounters;
  readonly cache: {
    readonly files: number;
    readonly bytes: number;
    readonly reservedBytes: number;
    readonly maxBytes: number | null;
    readonly minFreeBytes: number;
  };
  readonly models: (StatsCounters & { readonly model: string; readonly lastRequest: string | null })[];
  readonly others: StatsCounters;
}

const hash40 = z.string().regex(/^[0-9a-f]{40}$/);
const hash64 = z.string().regex(/^[0-9a-f]{64}$/);
const bytes = z.int().min(0);

const linksSchema = z.object({
  self: z.string().describe('This status document.'),
  torrent: z.string().describe('The .torrent.'),
  magnet: z.string().describe('The magnet link, as JSON.'),
  webSeed: z
    .string()
    .nullable()
    .describe('The bytes, while they come too; null for a repo, whose web seed is for torrent clients.'),
  hub: z.string().describe('The file, or the page of the repo, at the Hub.'),
});

/** Schema of `StatusDocument`. */
export const statusSchema: z.ZodType<StatusDocument> = z.object({
  status: z.enum(['ready', 'preparing', 'failed']),
  progress: z.number().min(0).max(1).describe('Share of the bytes that are here.'),
  size: bytes.describe('Bytes of the file, or of all files of the repo.'),
  error: z.object({ code: z.string(), message: z.string() }).nullable().describe('Why it failed.'),
  repoId: z.string().describe('org/name, datasets/org/name or spaces/org/name; the canonical name.'),
  revision: z.string().describe('As it was asked for.'),
  commit: hash40,
  filePath: z.string().nullable().describe('Null for a whole repo.'),
  links: linksSchema,
});

/** Schema of `MagnetDocument`. */
export const magnetSchema: z.ZodType<MagnetDocument> = z.object({
  magnetUri: z.string(),
  repoId: z.string(),
  revision: z.string(),
  commit: hash40,
  filePath: z.string().nullable(),
  webSeed: z.string().nullable().describe('BEP 19; null when the server does not know its own address.'),
  infoHash: hash40.nullable().describe('v1; null in a torrent that is v2 only.'),
  infoHashV2: hash64.nullable().describe('v2; null in a torrent that is v1 only.'),
  swarm: z
    .object({ seeders: z.int(), leechers: z.int(), completed: z.int() })
    .nullable()
    .describe('Peers at the tracker of this server, each once; null when it is none.'),
});

/** Schema of `FileHashesDocument`. */
export const fileHashesSchema: z.ZodType<FileHashesDocument> = z.object({
  repo: z.string(),
  commit: hash40,
  files: z.array(
    z.object({
      path: z.string(),
      size: bytes,
      sha256: hash64.nullable().describe('Of its bytes; null while it is not known.'),
      gitOid: hash40.describe('Of LFS files that of the pointer.'),
    }),
  ),
});

/** Schema of `ErrorDocument`. `X-Error-Code` has the code too. */
export const errorSchema: z.ZodType<ErrorDocument> = z.object({
  error: z.string().describe('For people.'),
  code: z.string().nullable().describe("A code of ours, or the Hub's own."),
  statusUrl: z.string().optional().describe('NOT_CACHED: where to see how far it is.'),
  torrents: z.array(z.string()).optional().describe("TOO_LARGE: the files' own torrents."),
});

const countersShape = {
  requests: bytes.describe('GETs that were answered with bytes.'),
  bytesToClients: bytes.describe('Over HTTP.'),
  bytesFromHub: bytes,
  bytesByPeers: bytes.describe('By BitTorrent peers.'),
  bytesSaved: bytes.describe('Bytes to clients that the Hub did not have to send.'),
};

/** Schema of `StatsDocument`. */
export const statsSchema: z.ZodType<StatsDocument> = z.object({
  totals: z.object(countersShape).describe('Since the data directory was made; a kill may lose the last second.'),
  cache: z.object({
    files: bytes,
    bytes,
    reservedBytes: bytes,
    maxBytes: bytes.nullable().describe('Null: as much as the disk has.'),
    minFreeBytes: bytes,
  }),
  models: z
    .array(z.object({ model: z.string(), ...countersShape, lastRequest: z.iso.datetime().nullable() }))
    .describe('Public repos, those with the most bytes to clients first; 1,000 at most.'),
  others: z
    .object(countersShape)
    .describe('All other repos together: gated and private ones, whose names are nobody’s business.'),
});
