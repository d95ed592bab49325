import type { RepoRef } from '../contracts/domain.ts';
import { SwarmError } from '../errors.ts';
import { repoName } from '../hub-format/repo-id.ts';

/**
 * Which repos the operator lets through. Patterns are compared with the whole name (`org/name`, `datasets/org/name`,
 * `spaces/org/name`), `*` standing for any characters; case does not count, because the Hub redirects other spellings.
 */
export interface RepoRules {
  /** Only these; all when empty or left out. */
  readonly allow?: readonly string[] | undefined;
  /** Not these, whatever `allow` says. */
  readonly deny?: readonly string[] | undefined;
}

/** Makes the function that throws NOT_ALLOWED for a repo that the rules forbid. */
export function createRuleCheck(rules: RepoRules): (repo: RepoRef) => void {
  const { allow = [], deny = [] } = rules;
  const isAllowed = createRepoMatcher(allow);
  const isDenied = createRepoMatcher(deny);
  return (repo) => {
    if (!isDenied(repo) && (allow.length === 0 || isAllowed(repo))) return;
    throw new SwarmError(
      'NOT_ALLOWED',
      `${repoName(repo)} is not served here: the operator's --allow and --deny rules forbid it.`,
    );
  };
}

/** Makes the function that says whether any of the patterns fits a repo. */
export function createRepoMatcher(patterns: readonly string[]): (repo: RepoRef) => boolean {
  const compiled = patterns.map(compilePattern);
  return (repo) => {
    const name = repoName(repo).toLowerCase();
    return compiled.some((matches) => matches(name));
  };
}

// Split at the stars and search left to right: linear, where a regular expression with many `.*` is not.
function compilePattern(pattern: string): (name: string) => boolean {
  const [head = '', ...rest] = pattern.toLowerCase().split('*');
  const tail = rest.pop();
  if (tail === undefined) return (name) => name === head;
  return (name) => {
    if (!name.startsWith(head) || !name.endsWith(tail)) return false;
    let position = head.length;
    for (const part of rest) {
      const found = name.indexOf(part, position);
      if (found === -1) return false;
      position = found + part.length;
    }
    return position <= name.length - tail.length;
  };
}
