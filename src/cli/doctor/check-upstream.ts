import { createHubClient } from '../../hub/hub-client.ts';
import type { ServerOptions } from '../../server/options.ts';
import { type Finding, reasonOf } from './finding.ts';

/** Cheap on every Hub, and asked with nobody's token. */
const QUESTION = '/api/models?limit=1';
const TRIES = 3;
const TIMEOUT_MS = 15_000;
const ADVICE =
  'Is this machine online, or does it need a proxy (HTTPS_PROXY) or the certificates of a company (NODE_EXTRA_CA_CERTS)? ' +
  'What is held is served meanwhile.';
/** Signed URLs live for minutes to an hour: a clock that is off by more than this starts to cost some of that. */
const TOLERATED_SKEW_MS = 60_000;

/** Asks the Hub as the server would (same proxies, same certificates): does it answer, how fast, and what time is it there? */
export async function checkUpstream(
  options: Pick<ServerOptions, 'upstream' | 'proxy' | 'offline'>,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { upstream = '', proxy, offline } = options;
  if (offline) return [{ check: 'upstream', status: 'ok', detail: `offline: ${upstream} is not asked` }];
  const hub = createHubClient({ endpoint: upstream, proxy, attempts: 1 });
  const within = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    let fastest = Number.POSITIVE_INFINITY;
    let date: string | null = null;
    for (let i = 0; i < TRIES; i++) {
      const startedAt = performance.now();
      const answer = await hub.request(QUESTION, { method: 'GET' }, { signal: within });
      await answer.body?.cancel();
      if (answer.status >= 400) throw new Error(`${QUESTION} was answered with status ${answer.status}`);
      fastest = Math.min(fastest, performance.now() - startedAt);
      date = answer.headers.get('date');
    }
    return [
      { check: 'upstream', status: 'ok', detail: `${upstream} answers in ${Math.round(fastest)} ms` },
      ...clockFinding(date),
    ];
  } catch (error) {
    signal.throwIfAborted();
    const detail = `${upstream} cannot be used: ${reasonOf(error).replace(/\.$/, '')}. ${ADVICE}`;
    return [{ check: 'upstream', status: 'fail', detail }];
  } finally {
    await hub.close();
  }
}

function clockFinding(date: string | null): Finding[] {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return [];
  // The header has whole seconds, cut off.
  const skew = Date.now() - theirs - 500;
  const seconds = Math.round(Math.abs(skew) / 1000);
  if (Math.abs(skew) <= TOLERATED_SKEW_MS) return [{ check: 'clock', status: 'ok', detail: "agrees with the Hub's" }];
  const detail = `is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} the Hub's: signed URLs and certificates may fail`;
  return [{ check: 'clock', status: 'warn', detail }];
}
