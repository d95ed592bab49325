import { type LookupAddress, promises } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { SwarmError } from '../errors.ts';
import { classifyAddress } from './address-class.ts';

/** All addresses of a host name. */
export type ResolveHost = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Decides where the Hub may send us. */
export interface TargetGuard {
  /**
   * Checks what a URL says by itself: scheme, no credentials, and the address if it is written out.
   *
   * @throws SwarmError UPSTREAM_INVALID
   */
  check(url: URL): Promise<void>;
  /** Name look-up for connections; fails with UPSTREAM_INVALID for names that lead to forbidden addresses. */
  readonly lookup: LookupFunction;
}

export interface TargetGuardOptions {
  /** The configured Hub. Its own host may have any address. */
  readonly endpoint: URL;
  /** Default: the system's resolver. */
  readonly resolveHost?: ResolveHost | undefined;
}

const systemResolver: ResolveHost = (hostname) => promises.lookup(hostname, { all: true });

const bareHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

/**
 * The rule for every host that the Hub redirects to: https, and a public address. Plain http is allowed when the
 * endpoint is plain http or internal; internal addresses are allowed when the endpoint is internal. Addresses are
 * checked in the look-up that the connection uses, so a name cannot change its address between check and connection.
 */
export function createTargetGuard(options: TargetGuardOptions): TargetGuard {
  const { endpoint, resolveHost = systemResolver } = options;
  const endpointHost = bareHost(endpoint.hostname);
  let internalEndpoint: Promise<boolean> | undefined;

  const askWhetherInternal = async (): Promise<boolean> => {
    if (isIP(endpointHost)) return classifyAddress(endpointHost) === 'internal';
    const addresses = await resolveHost(endpointHost);
    return addresses.length > 0 && addresses.every(({ address }) => classifyAddress(address) === 'internal');
  };
  const endpointIsInternal = (): Promise<boolean> => {
    internalEndpoint ??= askWhetherInternal().catch(() => {
      internalEndpoint = undefined;
      return false;
    });
    return internalEndpoint;
  };

  const refuse = (host: string, why: string): SwarmError =>
    new SwarmError('UPSTREAM_INVALID', `The Hub at ${endpoint.host} redirected to ${host}, ${why}. Not followed.`);

  const checkAddress = async (hostname: string, address: string): Promise<void> => {
    const kind = classifyAddress(address);
    if (kind === 'public' || (kind === 'internal' && (await endpointIsInternal()))) return;
    throw refuse(hostname, 'which is not at a public address');
  };

  const resolveChecked = async (hostname: string): Promise<readonly LookupAddress[]> => {
    const addresses = await resolveHost(hostname);
    if (hostname !== endpointHost) for (const { address } of addresses) await checkAddress(hostname, address);
    return addresses;
  };

  return {
    async check(url) {
      if (url.protocol !== 'https:' && url.protocol !== 'http:')
        throw refuse(url.host, 'by a scheme that is not https');
      if (url.username !== '' || url.password !== '') throw refuse(url.host, 'with credentials in the URL');
      if (url.protocol === 'http:' && endpoint.protocol !== 'http:' && !(await endpointIsInternal())) {
        throw refuse(url.host, 'without https');
      }
      const host = bareHost(url.hostname);
      if (host !== endpointHost && isIP(host)) await checkAddress(host, host);
    },
    lookup(hostname, lookupOptions, callback) {
      resolveChecked(hostname).then(
        (addresses) => {
          const first = addresses[0];
          if (!first) callback(new Error(`${hostname} has no address`), '');
          else if (lookupOptions.all) callback(null, [...addresses]);
          else callback(null, first.address, first.family);
        },
        (error: Error) => callback(error, ''),
      );
    },
  };
}
