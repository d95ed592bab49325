import { hash } from 'node:crypto';
import type { BlobUsage } from '../contracts/blob-store.ts';
import { clientLines } from './client-lines.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #16181d; --soft: #5c6470; --line: #d9dde3; --paper: #fff; --code: #f4f5f7; --mark: #0a7d4f }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9ebee; --soft: #9aa3af; --line: #30353d; --paper: #14161a; --code: #1d2026; --mark: #4fd39a }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 46rem; padding: 3rem 1.25rem 5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif }
h1 { margin: 0; font-size: 1.75rem; letter-spacing: -.02em }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.1rem }
p { margin: .5rem 0; color: var(--soft) }
dl { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1px; margin: 1.75rem 0 0;
  border: 1px solid var(--line); border-radius: .5rem; background: var(--line); overflow: hidden }
dl div { background: var(--paper); padding: .75rem 1rem }
dt { color: var(--soft); font-size: .8rem }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums }
dd.up { color: var(--mark) }
h3 { margin: 1rem 0 .25rem; font-size: .85rem; font-weight: 600 }
pre { margin: 0; padding: .6rem .8rem; border-radius: .4rem; background: var(--code); overflow-x: auto;
  font: 13.5px/1.5 ui-monospace, monospace; user-select: all }
@media (max-width: 40rem) {
  dl { grid-template-columns: repeat(2, 1fr) }
  pre { white-space: pre-wrap; overflow-wrap: anywhere }
}
footer { margin-top: 2.5rem; color: var(--soft); font-size: .9rem }
a { color: inherit }
`;

/** No script, no picture, no font, nothing from elsewhere: only this style. */
export const HOME_PAGE_POLICY: string = [
  "default-src 'none'",
  `style-src 'sha256-${hash('sha256', STYLE, 'base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export interface HomePageFacts {
  /** Where clients reach this server, without a trailing slash. */
  readonly url: string;
  readonly version: string;
  readonly upstream: string;
  readonly offline: boolean;
  /** Only callers with a client token are served. */
  readonly wantsToken: boolean;
  /** Undefined while the data directory is being opened. */
  readonly usage: BlobUsage | undefined;
}

/** The page at `/`: what this is, how it does, and the lines to paste for each client. */
export function homePage({ url, version, upstream, offline, wantsToken, usage }: HomePageFacts): string {
  const state = usage === undefined ? 'starting' : offline ? 'offline' : 'ready';
  const facts = [
    ['State', state, state === 'ready' ? 'up' : ''],
    ['Mirror of', upstream.replace(/^https?:\/\//, ''), ''],
    ['Files held', usage === undefined ? '…' : usage.blobs.toLocaleString('en'), ''],
    ['On disk', usage === undefined ? '…' : gigabytes(usage.bytes), ''],
  ] as const;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>modelswarm</title>
<style>${STYLE}</style>
</head>
<body>
<h1>modelswarm</h1>
<p>A mirror of the Hugging Face Hub. The first reader of a file fetches it for all others; everything that is kept
matched the Hub's own hashes.</p>
<dl>
${facts.map(([name, value, mark]) => `<div><dt>${name}</dt><dd class="${mark}">${escapeHtml(value)}</dd></div>`).join('\n')}
</dl>
<h2>Use it</h2>
<p>Point a client at this address; nothing else changes. Replace org/model by the model you want.</p>
${clientLines(url, { wantsToken })
  .map(({ client, code }) => `<h3>${escapeHtml(client)}</h3>\n<pre>${escapeHtml(code)}</pre>`)
  .join('\n')}
<footer>Version ${escapeHtml(version)} · for machines: <a href="/-/health">health</a>, <a href="/-/ready">ready</a></footer>
</body>
</html>
`;
}

function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
