import { z } from 'zod';
import { errorSchema, fileHashesSchema, magnetSchema, statsSchema, statusSchema } from './documents.ts';

const REPO = {
  name: 'repo',
  in: 'path',
  required: true,
  description:
    'owner/name, datasets/owner/name or spaces/owner/name, with its slashes; @revision may follow (slashes of it as %2F).',
  schema: { type: 'string' },
};
const PATH = {
  name: 'path',
  in: 'path',
  required: true,
  description: 'Path of a file, with its slashes; left out, the repo as a whole is meant.',
  schema: { type: 'string' },
};
const REVISION = {
  name: 'revision',
  in: 'query',
  description: 'Branch, tag or commit; main when it is left out.',
  schema: { type: 'string' },
};
const VARIANT = {
  name: 'v',
  in: 'query',
  description:
    'Torrent for clients of BitTorrent v1 or v2 only. Without it both in one (hybrid), or v2 where that cannot be.',
  schema: { enum: ['1', '2'] },
};
const WAIT = {
  name: 'wait',
  in: 'query',
  description: 'Seconds to wait for what is not here yet; 600 at most.',
  schema: { type: 'number', minimum: 0, maximum: 600 },
};
const ERRORS = {
  400: 'The request is malformed, or there is nothing to share (no bytes).',
  401: "The Hub's own words: gated or private, and no token that may read it.",
  403: "NOT_REDISTRIBUTABLE: gated, private, or under a licence that does not allow passing it on; or the Hub's own words.",
  404: 'NOT_CACHED: not here yet, being fetched (Retry-After, statusUrl); or there is no such repo, revision or file at the Hub.',
  413: 'TOO_LARGE: the torrent would exceed 10 MB. `torrents` has those of the files.',
  429: 'RATE_LIMITED',
  502: 'INTEGRITY or UPSTREAM_INVALID: the Hub sent what cannot be right.',
  503: 'UPSTREAM_UNAVAILABLE or OFFLINE',
  507: 'DISK_FULL',
};

/** An OpenAPI 3.1 description of the torrent routes. `url`: this server as the client sees it. */
export function openApiDocument({ version, url }: { readonly version: string; readonly url: string }): object {
  const torrentFile = { 'application/x-bittorrent': { schema: { type: 'string', format: 'binary' } } };
  return {
    openapi: '3.1.0',
    info: { title: 'modelswarm: files of the Hub as torrents', version },
    servers: [{ url }],
    paths: {
      '/model/{repo}/{path}': get(
        'The torrent, or where the bytes are now',
        [
          ...[REPO, PATH, REVISION, VARIANT],
          query('format', 'json: the status document.', { const: 'json' }),
          query('fallback', "hub: redirect to the Hub's own URL while the file is not here.", { const: 'hub' }),
        ],
        {
          200: content('It is ready: the torrent, or (Accept: application/json, ?format=json) its status.', {
            ...torrentFile,
            ...json('Status'),
          }),
          202: content('It is being prepared.', json('Status')),
          307: content('It is being prepared; Location has the bytes meanwhile.', json('Status')),
        },
      ),
      '/torrent/{repo}/{path}': get('A torrent of a file, or of a repo', [REPO, PATH, REVISION, VARIANT, WAIT], {
        200: content('The torrent.', torrentFile),
      }),
      '/magnet/{repo}/{path}': get('A magnet link of the same', [REPO, PATH, REVISION, VARIANT, WAIT], {
        200: content('The link: JSON, or plain text for Accept: text/plain.', {
          ...json('Magnet'),
          'text/plain': { schema: { type: 'string' } },
        }),
      }),
      '/hf/{repo}/{path}': get(
        'The bytes of a file, while they come too (ranges, ETag, If-Range)',
        [REPO, PATH, REVISION],
        {
          200: content('The file.', bytes()),
          206: content('The range.', bytes()),
          304: { description: 'Not modified.' },
          416: { description: 'No such range.' },
        },
      ),
      '/-/api/hashes/{repo}': get('The SHA-256 of every file of a public repo', [REPO, REVISION], {
        200: content('All that will be known.', json('FileHashes')),
        202: content('Files that are not in LFS are being fetched: ask again.', json('FileHashes')),
      }),
      '/hf-stats': {
        get: { summary: 'What was served, and from where', responses: { 200: content('Counts.', json('Stats')) } },
      },
    },
    components: {
      schemas: {
        Status: jsonSchema(statusSchema),
        Magnet: jsonSchema(magnetSchema),
        FileHashes: jsonSchema(fileHashesSchema),
        Stats: jsonSchema(statsSchema),
        Error: jsonSchema(errorSchema),
      },
    },
  };
}

function get(summary: string, parameters: readonly object[], responses: Readonly<Record<number, object>>): object {
  const errors = Object.entries(ERRORS).map(([status, text]) => [status, content(text, json('Error'))]);
  return { get: { summary, parameters, responses: { ...Object.fromEntries(errors), ...responses } } };
}

const query = (name: string, description: string, schema: object): object => ({
  name,
  in: 'query',
  description,
  schema,
});
const content = (description: string, types: object): object => ({ description, content: types });
const json = (schema: string): object => ({
  'application/json': { schema: { $ref: `#/components/schemas/${schema}` } },
});
const bytes = (): object => ({ 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } });

function jsonSchema(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema);
  return rest;
}
