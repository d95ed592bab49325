/** What to paste so that one client uses a mirror. */
export interface ClientLine {
  readonly client: string;
  readonly language: 'sh' | 'python' | 'js';
  readonly code: string;
}

/** The repo and file that the lines ask for. */
export interface ExampleFile {
  readonly repo: string;
  readonly path: string;
}

const EXAMPLE: ExampleFile = { repo: 'org/model', path: 'model.safetensors' };

const BEARER = 'Authorization: Bearer $HF_TOKEN';
/** What must be added for clients that do not read HF_TOKEN, or send it to huggingface.co only. */
const TOKEN_PARTS = {
  curl: `-H "${BEARER}" `,
  aria2: `--header="${BEARER}" `,
  hubJs: ', accessToken: process.env.HF_TOKEN',
  transformersJs: `
env.fetch = (url, init) => {
  const headers = new Headers(init?.headers);
  headers.set('Authorization', \`Bearer \${process.env.HF_TOKEN}\`);
  return fetch(url, { ...init, headers });
};`,
};
const NO_TOKEN_PARTS: typeof TOKEN_PARTS = { curl: '', aria2: '', hubJs: '', transformersJs: '' };

/**
 * The lines for every client that is known to work, for a mirror at `url` (without a trailing slash). `wantsToken`: the
 * mirror serves only callers with a client token, which takes the place of the Hub token.
 */
export function clientLines(
  url: string,
  options: { readonly wantsToken?: boolean; readonly example?: ExampleFile } = {},
): readonly ClientLine[] {
  const { repo, path } = options.example ?? EXAMPLE;
  const file = `${url}/${repo}/resolve/main/${path.split('/').map(encodeURIComponent).join('/')}`;
  const { wantsToken = false } = options;
  const added = wantsToken ? TOKEN_PARTS : NO_TOKEN_PARTS;
  const token: ClientLine = {
    client: 'first, for all of these: the client token that the operator gave you',
    language: 'sh',
    code: 'export HF_TOKEN=hf_msw...',
  };
  return [
    ...(wantsToken ? [token] : []),
    { client: 'hf', language: 'sh', code: `HF_ENDPOINT=${url} hf download ${repo}` },
    {
      client: 'transformers, diffusers, datasets, vLLM and all that uses huggingface_hub',
      language: 'sh',
      code: `export HF_ENDPOINT=${url}`,
    },
    {
      client: 'huggingface_hub, for one call',
      language: 'python',
      code: `snapshot_download("${repo}", endpoint="${url}")`,
    },
    {
      client: wantsToken ? 'transformers.js 4' : 'transformers.js 3 and 4',
      language: 'js',
      code: `env.remoteHost = '${url}/';\nenv.allowLocalModels = false;${added.transformersJs}`,
    },
    {
      client: '@huggingface/hub',
      language: 'js',
      code: `await snapshotDownload({ repo: '${repo}', hubUrl: '${url}'${added.hubJs} });`,
    },
    { client: 'llama.cpp', language: 'sh', code: `HF_ENDPOINT=${url} llama-cli -hf ${repo}` },
    { client: 'aria2', language: 'sh', code: `aria2c -x 16 -s 16 ${added.aria2}${file}` },
    { client: 'curl', language: 'sh', code: `curl -L -O -C - ${added.curl}${file}` },
  ];
}
