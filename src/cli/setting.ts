import type { z } from 'zod';
import type { ServerOptions } from '../server/options.ts';
import type { SettingKind } from './setting-kinds.ts';

/** Every setting of the command line, by name. What has no default may be undefined. */
export interface SettingValues
  extends Omit<ServerOptions, 'dataDir' | 'trustedProxies' | 'proxy' | 'logger' | 'clock' | 'host' | 'port'> {
  readonly host: string;
  readonly port: number;
  readonly dataDir: readonly string[];
  readonly trustedProxies?: readonly string[];
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly proxyBypass?: string;
  readonly logLevel: string;
  readonly logFormat: string;
}

/** One row of the table from which flags, help, docs/configuration.md and `modelswarm config` come. */
export interface Setting {
  /** Key in the configuration file, and name of the option in the library. */
  readonly name: keyof SettingValues;
  /** Without the dashes. The variable is `MODELSWARM_` and the same in capitals. */
  readonly flag: string;
  readonly group: 'Hub' | 'Storage' | 'Network' | 'Access' | 'Torrents' | 'Limits' | 'Logging';
  readonly kind: SettingKind<unknown>;
  readonly schema: z.ZodType;
  /** As it would be typed. */
  readonly default?: string;
  /** What is true without a value, when there is no default. */
  readonly otherwise?: string;
  readonly help: string;
  /** Never printed. */
  readonly secret?: boolean;
  /** Variables with a meaning beyond this program, looked at after our own. */
  readonly standardVariables?: readonly string[];
}

/** `MODELSWARM_DATA_DIR` for `data-dir`. */
export function variableOf(setting: Setting): string {
  return `MODELSWARM_${setting.flag.replaceAll('-', '_').toUpperCase()}`;
}
