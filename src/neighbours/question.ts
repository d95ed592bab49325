import { z } from 'zod';
import { isSha256 } from '../base/hex.ts';
import type { ContentId, RepoRef } from '../contracts/domain.ts';
import type { Whereabouts } from '../contracts/fill-helper.ts';
import { isRepoId, isRepoType } from '../hub-format/repo-id.ts';

/** Where a server answers its neighbours' questions. */
export const NEIGHBOUR_PATH = '/-/api/neighbour';

/** How far are you with this file? */
export interface Question {
  readonly repo: RepoRef;
  readonly content: Extract<ContentId, { readonly kind: 'lfs' }>;
  readonly turn: Turn;
}

/**
 * When a server began to look for a file: of several that do so at once, the one with the lowest goes to the Hub. `time` is a logical
 * clock (Lamport): milliseconds since the epoch, but always above all that were heard of before, however wrong the clocks are.
 */
export interface Turn {
  readonly time: number;
  /** The server's id, drawn at its start: 16 hex digits. */
  readonly server: string;
}

/** Negative when `a` comes before `b`. */
export function compareTurns(a: Turn, b: Turn): number {
  return a.time - b.time || (a.server < b.server ? -1 : a.server > b.server ? 1 : 0);
}

/** What a server answers. */
export interface Answer {
  readonly server: string;
  readonly state: Whereabouts;
  /** When it began, of one that is `asking`; 0 otherwise. */
  readonly time: number;
}

const serverId = z.string().regex(/^[0-9a-f]{16}$/);
const time = z.coerce.number().int().nonnegative();
const answerShape = z.object({ server: serverId, state: z.enum(['held', 'filling', 'asking', 'absent']), time });
const turnShape = z.object({ server: serverId, time });

/** The question as path and query, to be put behind a neighbour's address. */
export function questionPath({ repo, content, turn }: Question): string {
  const { sha256, size } = content;
  const query = { repo: `${repo.type}/${repo.id}`, sha256, size: `${size}`, server: turn.server, time: `${turn.time}` };
  return `${NEIGHBOUR_PATH}?${new URLSearchParams(query)}`;
}

/** Reads the question back; undefined when it is none. */
export function parseQuestion(query: URLSearchParams): Question | undefined {
  const [type = '', ...id] = (query.get('repo') ?? '').split('/');
  const sha256 = query.get('sha256');
  const size = query.get('size') ?? '';
  const turn = turnShape.safeParse({ server: query.get('server'), time: query.get('time') ?? undefined }).data;
  if (!isRepoType(type) || !isRepoId(id.join('/')) || !isSha256(sha256) || !/^\d{1,15}$/.test(size)) return undefined;
  if (!turn) return undefined;
  return { repo: { type, id: id.join('/') }, content: { kind: 'lfs', sha256, size: Number(size) }, turn };
}

/** Reads an answer; undefined when it is none. */
export function parseAnswer(text: string): Answer | undefined {
  try {
    return answerShape.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
