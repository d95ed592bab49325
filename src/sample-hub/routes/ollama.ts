import { createHash, createHmac } from 'node:crypto';
import { refuseBytes } from '../access.ts';
import { type Answer, emptyAnswer, jsonAnswer, redirectAnswer, refusalAnswer } from '../answer.ts';
import { bytesContent } from '../content.ts';
import { fileAnswer } from '../file-answer.ts';
import type { RepoRequest } from '../hub-state.ts';
import type { RepoFile } from '../repo-file.ts';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const CONFIG = 'application/vnd.docker.container.image.v1+json';
const LAYER = 'application/vnd.ollama.image';
const BAD_TAG = 'The specified tag is not a valid quantization scheme. Please use another tag or "latest"';
// What the Hub prefers for `latest`.
const DEFAULT_TAGS = ['Q4_K_M', 'Q8_0'];

interface Blob {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** `GET|HEAD /v2/{user}/{repo}/manifests/{tag}`: what `ollama pull`, and llama.cpp before 2026, ask first. */
export function answerManifest(request: RepoRequest): Answer {
  const refused = refuseOllama(request);
  if (refused) return refused;
  const files = [...request.commit.files.values()];
  const model = findModel(files, request.path);
  if (!model) return jsonAnswer(400, { error: BAD_TAG });
  if (/-\d{5}-of-\d{5}\.gguf$/.test(model.path)) {
    return jsonAnswer(400, {
      error: 'The specified repository contains sharded GGUF. Ollama does not support this yet.',
    });
  }
  const projector = files.find((file) => /mmproj.*\.gguf$/i.test(file.path));
  const [config, ...extras] = madeBlobs(model);
  const layers = [
    fileLayer(model, 'model'),
    ...(projector ? [fileLayer(projector, 'projector')] : []),
    ...extras.map(({ digest, mediaType, size }) => ({ digest, mediaType, size })),
  ];
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { digest: config.digest, mediaType: config.mediaType, size: config.size },
    layers,
  };
  const forLlama = {
    ggufFile: fileNames(model),
    ...(projector ? { mmprojFile: fileNames(projector) } : {}),
  };
  const isLlama = request.headers['user-agent']?.startsWith('llama-cpp') ?? false;
  return jsonAnswer(200, isLlama ? { ...manifest, ...forLlama } : manifest, {
    vary: 'Origin,User-Agent',
    'cache-control': 'public, max-age=60',
  });
}

/**
 * `GET|HEAD /v2/{user}/{repo}/blobs/sha256:{digest}`. Weights are redirected to `/resolve`; what the Hub makes itself comes
 * with 200 and, because Ollama insists on it, a signed `Location` that later requests use without a token.
 */
export function answerBlob(request: RepoRequest): Answer {
  const { repo, commit, path, hub, query } = request;
  const signature = createHmac('sha256', hub.signingKey).update(`${repo.objectId} ${path}`).digest('base64url');
  const refused = query.get('__sign') === signature ? undefined : refuseOllama(request);
  if (refused) return refused;
  const files = [...commit.files.values()].filter((file) => file.path.endsWith('.gguf'));
  const weights = files.find((file) => `sha256:${file.sha256}` === path);
  if (weights && request.method === 'HEAD') {
    return emptyAnswer(200, { 'content-length': String(weights.size), 'docker-content-digest': path });
  }
  if (weights) {
    const name = weights.path.split('/').map(encodeURIComponent).join('/');
    return redirectAnswer(307, `/${repo.id}/resolve/main/${name}`);
  }
  const made = files.flatMap(madeBlobs).find((blob) => blob.digest === path);
  if (!made) return jsonAnswer(404, { error: 'Blob not found' });
  const { range } = request.headers;
  return fileAnswer(
    bytesContent(made.bytes),
    { range },
    {
      etag: `"${path}"`,
      headers: { 'content-type': 'application/octet-stream', location: `?__sign=${signature}` },
    },
  );
}

/** Gated and private repos are opened by the SSH key of an Ollama user, which has nothing to do with access tokens. */
function refuseOllama(request: RepoRequest): Answer | undefined {
  const { hub, account, repo } = request;
  const refused = refuseBytes(hub.accounts, account, repo, hub.url);
  if (!refused) return undefined;
  const realm = `Basic realm="${hub.url}/api/models/${repo.id}/ssh-auth"`;
  return refusalAnswer({ ...refused, headers: { 'www-authenticate': realm } }, 'json');
}

function findModel(files: readonly RepoFile[], tag: string): RepoFile | undefined {
  const models = files.filter((file) => file.path.endsWith('.gguf') && !/mmproj/i.test(file.path));
  const withTag = (name: string) =>
    models.find(
      (file) =>
        file.path.toLowerCase().includes(`${name.toLowerCase()}.`) ||
        file.path.toLowerCase().includes(`${name.toLowerCase()}-`),
    );
  if (tag !== 'latest') return withTag(tag);
  return DEFAULT_TAGS.map(withTag).find((file) => file !== undefined) ?? models[0];
}

/** The blobs that exist in no repo: config, template and parameters. */
function madeBlobs(model: RepoFile): [config: Blob, template: Blob, parameters: Blob] {
  const template = blob(`${LAYER}.template`, '{{ if .System }}{{ .System }}\n{{ end }}{{ .Prompt }}');
  const parameters = blob(`${LAYER}.params`, JSON.stringify({ stop: ['</s>'] }));
  const config = {
    model_format: 'gguf',
    model_family: 'llama',
    model_families: ['llama'],
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${model.sha256}`, template.digest, parameters.digest] },
  };
  return [blob(CONFIG, JSON.stringify(config)), template, parameters];
}

function blob(mediaType: string, text: string): Blob {
  const bytes = new TextEncoder().encode(text);
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, mediaType, size: bytes.length, bytes };
}

function fileLayer(file: RepoFile, kind: 'model' | 'projector'): object {
  return { digest: `sha256:${file.sha256}`, mediaType: `${LAYER}.${kind}`, size: file.size };
}

/** How llama.cpp is told which file to fetch from `/resolve`. */
function fileNames(file: RepoFile): object {
  const lfs = { sha256: file.sha256, size: file.size, pointerSize: file.pointer?.length };
  return { rfilename: file.path, blobId: `sha256:${file.sha256}`, size: file.size, lfs };
}
