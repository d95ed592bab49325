import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientBed } from './client-bed.ts';

export interface CurlAnswer {
  readonly status: number;
  /** Of the last answer, when there were redirects; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Asks for a URL with curl inside the isolated network. Rejects when curl says that the answer is not whole. */
export async function curl(bed: ClientBed, url: string, args: readonly string[] = []): Promise<CurlAnswer> {
  const folder = await bed.folder();
  const [head, body] = [join(folder, 'head'), join(folder, 'body')];
  await bed.run('curl', ['-sS', '-D', head, '-o', body, ...args, url]);
  const [statusLine = '', ...lines] =
    (await readFile(head, 'utf8')).trim().split('\r\n\r\n').at(-1)?.split('\r\n') ?? [];
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(headers),
    // curl makes no file for a body that never comes, and puts the headers there for -I.
    body: args.includes('-I') ? Buffer.alloc(0) : await readFile(body).catch(() => Buffer.alloc(0)),
  };
}
