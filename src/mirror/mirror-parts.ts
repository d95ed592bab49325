import type { DocumentCache } from './document-cache.ts';
import type { MirrorOptions } from './mirror-options.ts';
import type { QuestionBudget } from './question-budget.ts';

/** What the routes share. */
export interface MirrorParts extends MirrorOptions {
  readonly cache: DocumentCache;
  readonly charge: QuestionBudget;
}
