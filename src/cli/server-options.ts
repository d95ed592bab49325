import type { Logger } from '../contracts/logger.ts';
import type { ServerOptions } from '../server/options.ts';
import type { SettingValues } from './setting.ts';

/** The settings of the command line as options of the library. */
export function serverOptions(values: SettingValues, logger: Logger): ServerOptions {
  const { httpProxy, httpsProxy, proxyBypass, logLevel: _level, logFormat: _format, ...rest } = values;
  const proxied = httpProxy !== undefined || httpsProxy !== undefined;
  return {
    ...rest,
    logger,
    ...(proxied ? { proxy: { http: httpProxy, https: httpsProxy, noProxy: proxyBypass } } : {}),
  };
}
