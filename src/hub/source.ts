import type { Commit, RepoRef } from '../contracts/domain.ts';
import type { RangeSource } from '../contracts/range-source.ts';
import { SwarmError } from '../errors.ts';
import { resolvePathname } from '../hub-format/hub-urls.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { errorFrom } from './ask-hub.ts';
import type { Answer } from './exchange.ts';
import { type HubConnection, hubUrl, isOnHub, send } from './hub-connection.ts';
import { checkRangeAnswer, type RangeAnswer, rangeBytes, type WantedRange } from './range-answer.ts';
import { isRedirect, MAX_REDIRECTS, redirectTarget } from './redirects.ts';

/** A file at a commit. */
export interface SourceFile {
  readonly repo: RepoRef;
  readonly commit: Commit;
  readonly path: string;
  readonly size: number;
}

export interface SourceCall {
  /** Goes to the Hub's origin only. */
  readonly token?: string | undefined;
  /** A signed URL to start with. */
  readonly location?: string | undefined;
}

/** The error for a refusal by the server of signed URLs. It has none of the Hub's words, and a new URL may help. */
async function errorElsewhere(hub: HubConnection, answer: Answer, what: string): Promise<SwarmError> {
  const { status, url } = answer;
  if (status === 429 || status === 408 || status >= 500) {
    const { code, retryAfterSeconds } = await errorFrom(hub, answer, what);
    const message = `${url.host} failed (HTTP ${status}) on ${what}.`;
    return new SwarmError(code, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
  }
  answer.body.destroy();
  // 403 comes in bursts when a signed URL expires or a CDN is cross; the others rarely get better.
  const code = status === 403 ? 'UPSTREAM_UNAVAILABLE' : 'UPSTREAM_INVALID';
  return new SwarmError(code, `${url.host} refused ${what} (HTTP ${status}).`);
}

/**
 * The bytes of a file, by HTTP ranges. A signed URL that the Hub redirected to is used again for later ranges, from
 * memory only; when it fails, the next try begins at the Hub.
 *
 * @throws SwarmError BAD_REQUEST when repo, commit or path cannot be. The bytes' iterator throws HUB_REFUSED,
 * RATE_LIMITED, UPSTREAM_*, CLOSED, and `signal.reason`.
 */
export function hubSource(hub: HubConnection, file: SourceFile, call: SourceCall = {}): RangeSource {
  const what = `${repoName(file.repo)}@${file.commit} ${file.path}`;
  const atHub = hubUrl(hub, resolvePathname(file.repo, file.commit, file.path));
  let signed = call.location !== undefined && URL.canParse(call.location) ? new URL(call.location) : undefined;

  /** Follows redirects from `from` to an answer that holds the wanted bytes. */
  const fetchRange = async (from: URL, wanted: WantedRange, signal: AbortSignal): Promise<RangeAnswer> => {
    let url = from;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const answer = await send(hub, {
        url,
        method: 'GET',
        headers: { range: `bytes=${wanted.start}-${wanted.end - 1}` },
        token: call.token,
        priority: 'known',
        signal,
        purpose: 'bytes',
      });
      try {
        if (isRedirect(answer.status)) {
          const target = redirectTarget(answer);
          // The token would go along, to a path of someone else's choice.
          if (!isOnHub(hub, url) && isOnHub(hub, target)) {
            throw new SwarmError('UPSTREAM_INVALID', `${url.host} redirected ${what} back to the Hub.`);
          }
          answer.body.discard();
          if (!isOnHub(hub, target)) signed = target;
          url = target;
          continue;
        }
        if (answer.status >= 400) {
          throw await (isOnHub(hub, url) ? errorFrom(hub, answer, what) : errorElsewhere(hub, answer, what));
        }
        return { answer, skip: checkRangeAnswer(answer, wanted) };
      } catch (error) {
        answer.body.destroy();
        throw error;
      }
    }
    throw new SwarmError('UPSTREAM_INVALID', `${atHub.host} redirects ${what} in circles.`);
  };

  const open = async (wanted: WantedRange, signal: AbortSignal): Promise<RangeAnswer> => {
    const tried = signed;
    if (!tried) return fetchRange(atHub, wanted, signal);
    try {
      return await fetchRange(tried, wanted, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      hub.logger.debug(
        { what, host: tried.host, error: String(error) },
        'the signed URL failed, asking the Hub for another',
      );
      // Another range may have brought a new one in the meantime.
      if (signed === tried) signed = undefined;
      return fetchRange(signed ?? atHub, wanted, signal);
    }
  };

  return {
    name: 'hub',
    size: file.size,
    read(start, end, { signal }) {
      if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start || end > file.size) {
        throw new RangeError(`bytes ${start} to ${end} of a file of ${file.size}`);
      }
      const wanted = { start, end, size: file.size, what };
      return rangeBytes(wanted, () => open(wanted, signal));
    },
  };
}
