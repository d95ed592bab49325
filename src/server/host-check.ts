import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isLoopback } from '../http/client-address.ts';

/** Does this host name or address mean the machine itself? */
export function isLoopbackName(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || isLoopback(name.replace(/^\[|\]$/g, ''));
}

/**
 * Makes the check of a request's Host header. It is against DNS rebinding: a web page whose own name is made to point
 * at 127.0.0.1 would otherwise read this server as its own origin. So connections that arrive on a loopback address
 * must ask for a name that means loopback, for this machine, or for a configured one. Literal addresses pass, for they
 * cannot be rebound; connections from a network pass, for the operator has said who may come from there.
 * `names`: host names without ports.
 */
export function createHostCheck(
  names: readonly string[],
): (hostHeader: string | undefined, localAddress: string | undefined) => boolean {
  const known = new Set([hostname(), ...names].map((name) => name.toLowerCase()));
  return (hostHeader, localAddress) => {
    // HTTP/1.0 clients (old probes) send none; browsers always do.
    if (hostHeader === undefined) return true;
    const host = hostName(hostHeader);
    if (host === undefined) return false;
    if (isIP(host) > 0 || isLoopbackName(host) || known.has(host)) return true;
    return localAddress !== undefined && !isLoopback(localAddress);
  };
}

// `name`, `name:port`, `1.2.3.4:port`, `[::1]:port`; lower case, without port and brackets.
function hostName(header: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,253}))(?::\d{1,5})?$/i.exec(header) ?? [];
  return (bracketed ?? plain)?.toLowerCase().replace(/\.$/, '');
}
