import { type Answer, jsonAnswer } from '../answer.ts';
import type { CommitSnapshot } from '../commit-snapshot.ts';
import { flag, type RepoRequest } from '../hub-state.ts';
import type { RepoState } from '../sample-repo.ts';
import { hubDate } from './listed-entry.ts';

/** `GET /api/{type}/{repo}[/revision/{revision}]?expand=&blobs=&securityStatus=`. */
export function answerRepoInfo(request: RepoRequest): Answer {
  const { repo, commit, query } = request;
  const expand = query.getAll('expand').flatMap((names) => names.split(','));
  const info = repoInfo(repo, commit);
  if (expand.length > 0) {
    // Shown to who asks for it only.
    const xet = request.fault.xet === false ? {} : { xetEnabled: true };
    return jsonAnswer(200, pick({ ...info, ...xet }, expand));
  }
  if (flag(query, 'blobs')) info.siblings = siblingsWithBlobs(request);
  if (flag(query, 'securityStatus')) info.securityRepoStatus = { scansDone: true, filesWithIssues: [] };
  return jsonAnswer(200, info);
}

/** The info document of a repo at a commit. */
export function repoInfo(repo: RepoState, commit: CommitSnapshot): Record<string, unknown> {
  const { card, access } = repo;
  const first = repo.history(commit).at(-1) ?? commit;
  const license = card.license === undefined ? [] : [`license:${card.license}`];
  const common = {
    _id: repo.objectId,
    id: repo.id,
    author: repo.id.includes('/') ? repo.id.split('/')[0] : null,
    sha: commit.id,
    lastModified: hubDate(commit.seconds),
    createdAt: hubDate(first.seconds),
    private: access.private,
    gated: access.gated,
    disabled: access.disabled,
    downloads: card.downloads ?? 0,
    likes: card.likes ?? 0,
    tags: [...(card.tags ?? []), ...license],
    cardData: card.license === undefined ? {} : { license: card.license },
    siblings: [...commit.nodes].filter((node) => node.type === 'file').map((node) => ({ rfilename: node.path })),
    usedStorage: [...commit.files.values()].reduce((sum, file) => sum + file.size, 0),
  };
  if (repo.type === 'datasets') return { ...common, description: '', citation: null, paperswithcode_id: null };
  if (repo.type === 'spaces') {
    const subdomain = repo.id.replace('/', '-').toLowerCase();
    return {
      ...common,
      sdk: card.sdk ?? 'static',
      runtime: { stage: 'RUNNING' },
      subdomain,
      host: `https://${subdomain}.hf.space`,
    };
  }
  return {
    ...common,
    modelId: repo.id,
    ...(card.pipelineTag === undefined ? {} : { pipeline_tag: card.pipelineTag }),
    ...(card.libraryName === undefined ? {} : { library_name: card.libraryName }),
    ...(card.safetensors === undefined ? {} : { safetensors: card.safetensors }),
    ...(card.gguf === undefined ? {} : { gguf: card.gguf }),
    config: {},
    spaces: [],
  };
}

/** The identity of a repo, and the fields asked for. */
export function pick(info: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  const wanted = new Set(['_id', 'id', 'modelId', ...fields]);
  return Object.fromEntries(Object.entries(info).filter(([name]) => wanted.has(name)));
}

/** LFS files have `sha256` here, where `/tree` says `oid`. */
function siblingsWithBlobs(request: RepoRequest): object[] {
  return request.commit.nodes.flatMap((node) => {
    if (node.type === 'directory') return [];
    const { file } = node;
    const fault = request.entryFault(file.path);
    const size = fault.listedSize ?? file.size;
    const sibling = { rfilename: file.path, size, blobId: fault.listedOid ?? file.gitOid };
    if (file.pointer === undefined) return [sibling];
    return [{ ...sibling, lfs: { sha256: fault.listedSha256 ?? file.sha256, size, pointerSize: file.pointer.length } }];
  });
}
