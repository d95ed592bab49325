import type { Header } from './plan-file.ts';

/** What an answer says when the Hub could not be asked. huggingface_hub prints `X-HF-Warning` once per topic. */
export const STALE_HEADERS: readonly Header[] = [
  ['Warning', '110 modelswarm "Response is Stale"'],
  ['X-HF-Warning', 'modelswarm; The Hub could not be asked. This is what it said last; it may have changed since.'],
];
