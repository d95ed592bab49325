import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, emptyAnswer, textAnswer } from './answer.ts';
import { type Fault, type FaultRule, type FaultTarget, mergeFaults } from './fault.ts';
import type { HubState } from './hub-state.ts';
import type { RequestLog } from './request-log.ts';
import { sendAnswer } from './send-answer.ts';

/** What both listeners need. */
export interface ExchangeContext {
  readonly hub: HubState;
  readonly log: RequestLog;
  /** Aborted when the hub closes. */
  readonly signal: AbortSignal;
}

/** One request with its answer: applies the faults that it meets, sends, and writes down what happened. */
export async function exchange(
  { hub, log, signal }: ExchangeContext,
  request: IncomingMessage,
  response: ServerResponse,
  target: FaultTarget,
  makeAnswer: (rules: readonly FaultRule[], fault: Fault) => Promise<Answer>,
): Promise<void> {
  const at = hub.clock.now();
  const rules = hub.faults.strike(target);
  const fault = mergeFaults(rules);
  let status = 0;
  let bytesSent = 0;
  try {
    if (fault.delay !== undefined) await hub.clock.sleep(fault.delay, signal);
    if (fault.reset) {
      request.socket.destroy();
      return;
    }
    const answer = faultAnswer(hub, fault, target) ?? (await makeAnswer(rules, fault));
    status = answer.status;
    const onSent = (bytes: number, isFile: boolean) => {
      bytesSent += bytes;
      if (isFile) log.countFileBytes(target.repo ?? '', target.path ?? '', bytes);
    };
    await sendAnswer(request, response, answer, { clock: hub.clock, rules, onSent });
  } finally {
    const { range, 'user-agent': userAgent } = request.headers;
    log.add({
      ...target,
      url: request.url ?? '/',
      at,
      status,
      range,
      userAgent,
      bytesSent,
      token: bearerToken(request),
    });
    for (const rule of rules) rule.fault.after?.();
  }
}

/** The token of an `Authorization: Bearer` header. */
export function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** The answer that a fault puts in place of the real one. */
function faultAnswer(hub: HubState, fault: Fault, target: FaultTarget): Answer | undefined {
  if (fault.status === undefined) return undefined;
  if (fault.status === 429) return hub.limiter.refusal(target.kind, fault.retryAfter ?? 1);
  const headers: Record<string, string> = {};
  if (fault.retryAfter !== undefined) headers['retry-after'] = String(fault.retryAfter);
  if (fault.status < 400) return emptyAnswer(fault.status, headers);
  return textAnswer(fault.status, `${fault.status} from the sample hub`, headers);
}
