import { isSwarmError, SwarmError } from '../errors.ts';

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
]);
const CLOSED = new Set(['UND_ERR_DESTROYED', 'UND_ERR_CLOSED']);

function codeOf(error: unknown): string {
  // Several addresses were tried: the first failure speaks for all.
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  // The client's parser errors have no code of their own.
  if (name === 'HTTPParserError') return 'HTTPParserError';
  return typeof code === 'string' ? code : 'unknown error';
}

/**
 * What a failed exchange means, by the error of the HTTP client. Only the error's code goes into the message, and no
 * cause is attached: parser errors hold raw bytes of the answer, in which a signed URL may stand.
 *
 * @param host whom we talked to.
 */
export function networkError(error: unknown, host: string): SwarmError {
  if (isSwarmError(error)) return error;
  const code = codeOf(error);
  if (TIMEOUTS.has(code)) return new SwarmError('UPSTREAM_TIMEOUT', `${host} did not answer in time (${code}).`);
  if (CLOSED.has(code)) return new SwarmError('CLOSED', 'The Hub client was closed.');
  const proxy = /^Proxy (?:response|Authentication Required) \((\d+)\)/.exec(
    error instanceof Error ? error.message : '',
  );
  if (proxy) {
    return new SwarmError('UPSTREAM_UNAVAILABLE', `The proxy refused the way to ${host} (HTTP ${proxy[1]}).`);
  }
  if (code === 'UND_ERR_INVALID_ARG') return new SwarmError('INTERNAL', `A malformed request was made for ${host}.`);
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'HTTPParserError') {
    return new SwarmError('UPSTREAM_INVALID', `The exchange with ${host} was not valid HTTP (${code}).`);
  }
  return new SwarmError('UPSTREAM_UNAVAILABLE', `${host} could not be reached, or broke off (${code}).${advice(code)}`);
}

function advice(code: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return ' Its certificate is for another name.';
  const isTrust = /CERT|ISSUER|VERIFY|SELF_SIGNED/.test(code);
  return isTrust ? ' Its certificate is not trusted here; a private authority has to be configured.' : '';
}
