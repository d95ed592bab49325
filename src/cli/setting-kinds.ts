import { exactSize, parseByteRate, parseDuration, parseEventRate, parseSize } from './values.ts';

/** How a setting is written as text (flags, environment) and in JSON (the configuration file). */
export interface SettingKind<T> {
  /** Shown in help: `<size>`. Undefined for switches, which take no value. */
  readonly placeholder: string | undefined;
  /** Completes the sentence "expected ...". */
  readonly expects: string;
  /** The flag can be repeated, the variable is split at commas, the file has an array. */
  readonly list: boolean;
  /** The value, or undefined when the text is not one. Lists get each of their items. */
  read(item: string): T | undefined;
  /** The value as it would be typed, for help and for `modelswarm config`. */
  write(value: T): string;
}

const text: SettingKind<string> = {
  placeholder: 'text',
  expects: 'a text',
  list: false,
  read: (item) => item,
  write: (value) => value,
};

/** Text of another name in the help: `url`, `file`. */
export function textNamed(placeholder: string, expects: string): SettingKind<string> {
  return { ...text, placeholder, expects };
}

/** One of a few words. */
export function choice(words: readonly string[]): SettingKind<string> {
  return {
    placeholder: words.join('|'),
    expects: `one of ${words.join(', ')}`,
    list: false,
    read: (item) => (words.includes(item) ? item : undefined),
    write: (value) => value,
  };
}

/** Several texts. */
export function texts(placeholder: string): SettingKind<string> {
  return { placeholder, expects: 'a list of texts', list: true, read: (item) => item, write: (value) => value };
}

export const toggle: SettingKind<boolean> = {
  placeholder: undefined,
  expects: 'true or false',
  list: false,
  read: (item) => (/^(true|1|yes)$/i.test(item) ? true : /^(false|0|no)$/i.test(item) ? false : undefined),
  write: String,
};

export const integer: SettingKind<number> = {
  placeholder: 'n',
  expects: 'a whole number',
  list: false,
  read: (item) => (/^\d{1,9}$/.test(item) ? Number(item) : undefined),
  write: String,
};

export const size: SettingKind<number> = {
  placeholder: 'size',
  expects: 'a size like 200GB or 10GiB',
  list: false,
  read: parseSize,
  write: exactSize,
};

export const byteRate: SettingKind<number> = {
  placeholder: 'rate',
  expects: 'a rate like 50MB/s',
  list: false,
  read: parseByteRate,
  write: (value) => `${exactSize(value)}/s`,
};

export const eventRate: SettingKind<number> = {
  placeholder: 'n/s',
  expects: 'a rate like 20/s or 600/m',
  list: false,
  read: parseEventRate,
  write: (value) => `${value}/s`,
};

export const duration: SettingKind<number> = {
  placeholder: 'time',
  expects: 'a time like 60s, 5m or 500ms',
  list: false,
  read: parseDuration,
  write: (value) => (value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`),
};
