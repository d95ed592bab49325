import { isIP } from 'node:net';
import { isLoopback } from './client-address.ts';

/** Does this host name or address mean the machine itself? */
export function isLoopbackName(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || isLoopback(name.replace(/^\[|\]$/g, ''));
}

/**
 * Makes the check of a request's Host header. It is against DNS rebinding: a web page whose own name is made to point
 * at 127.0.0.1 or at a private address would otherwise read this server as its own origin. A literal address cannot be
 * rebound, so those pass; names pass when they mean loopback or were configured.
 * `names`: host names without ports. With `anyName` (a server that is open to a network) every well-formed one passes.
 */
export function createHostCheck(options: {
  readonly names: readonly string[];
  readonly anyName: boolean;
}): (hostHeader: string | undefined) => boolean {
  const names = new Set(options.names.map((name) => name.toLowerCase()));
  return (hostHeader) => {
    // HTTP/1.0 clients (old probes, ab) send none; browsers always do.
    if (hostHeader === undefined) return true;
    const host = hostName(hostHeader);
    if (host === undefined) return false;
    return options.anyName || isIP(host) > 0 || isLoopbackName(host) || names.has(host);
  };
}

// `name`, `name:port`, `1.2.3.4:port`, `[::1]:port`; lower case, without port and brackets.
function hostName(header: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,253}))(?::\d{1,5})?$/i.exec(header) ?? [];
  return (bracketed ?? plain)?.toLowerCase().replace(/\.$/, '');
}
