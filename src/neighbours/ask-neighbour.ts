import { SwarmError } from '../errors.ts';
import { type Answer, parseAnswer, type Question, questionPath } from './question.ts';

/** On a local network an answer takes a few milliseconds; whoever waits for the file waits for this. */
const ANSWER_MS = 500;
const LONGEST_ANSWER = 1024;

/**
 * Asks the server at `base` how far it is with a file. Rejects with UPSTREAM_UNAVAILABLE or UPSTREAM_INVALID, which say what is wrong with the
 * neighbour, and with `signal.reason`.
 */
export async function askNeighbour(base: URL, question: Question, signal: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  let text: string;
  try {
    const response = await fetch(new URL(questionPath(question), base), { redirect: 'error', signal: limit });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new SwarmError('UPSTREAM_INVALID', `The neighbour ${base.host} answers with HTTP ${response.status}.`);
    }
    text = await readText(response);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SwarmError) throw error;
    throw new SwarmError('UPSTREAM_UNAVAILABLE', `The neighbour ${base.host} does not answer.`, { cause: error });
  }
  const answer = parseAnswer(text);
  if (!answer) throw new SwarmError('UPSTREAM_INVALID', `The neighbour ${base.host} is no server of ours.`);
  return answer;
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > LONGEST_ANSWER) return '';
  }
  return text;
}
