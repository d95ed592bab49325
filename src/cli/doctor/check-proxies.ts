import { bypassesProxy } from '../../hub/no-proxy.ts';
import type { Environment } from '../config-file.ts';
import type { SettingValues } from '../setting.ts';
import type { Finding } from './finding.ts';

/**
 * Looks at the proxies: which one the server would use, and whether the clients of this shell would look for a mirror on this
 * machine at a company's proxy, which is the usual reason why "it does not work".
 */
export function checkProxies(values: SettingValues, url: string, environment: Environment): Finding[] {
  const { upstream = '', httpProxy, httpsProxy, proxyBypass } = values;
  const chosen = upstream.startsWith('https:') ? httpsProxy : httpProxy;
  const direct = chosen === undefined || bypassesProxy(new URL(upstream), proxyBypass);
  const own: Finding = {
    check: 'proxy',
    status: 'ok',
    detail: direct ? 'the Hub is asked directly' : `the Hub is asked through ${hostOf(chosen)}`,
  };
  const clientProxy = environment.http_proxy || environment.HTTP_PROXY;
  const bypass = environment.no_proxy || environment.NO_PROXY;
  if (!clientProxy || bypassesProxy(new URL(url), bypass)) return [own];
  const { hostname } = new URL(url);
  const detail = `clients of this shell would ask ${hostOf(clientProxy)} for ${url}: add ${hostname} to NO_PROXY`;
  return [own, { check: 'proxy of clients', status: 'warn', detail }];
}

// A proxy's URL may hold a password.
function hostOf(proxy: string): string {
  return URL.canParse(proxy) ? new URL(proxy).host : 'a proxy whose URL is malformed';
}
