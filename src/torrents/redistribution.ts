import type { RepoGrant, Repos } from '../contracts/access.ts';
import { SwarmError } from '../errors.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { createRepoMatcher } from '../repos/repo-rules.ts';
import { REDISTRIBUTABLE } from './licenses.ts';

export interface RedistributionRules {
  /** Licences that count as redistributable besides our own table, by the Hub's identifiers; `*` for all, and for none. */
  readonly licenses: readonly string[];
  /** Globs of repos whose licence is not looked at. */
  readonly repos: readonly string[];
}

/** Why no torrent may be made of what the grant opens (NOT_REDISTRIBUTABLE); undefined when one may. */
export type RedistributionRule = (grant: Pick<RepoGrant, 'repo' | 'access'>) => SwarmError | undefined;

/**
 * Makes the rule that stands before every torrent. A swarm cannot enforce a gate, so only what the Hub gives to everybody passes,
 * under a licence that allows passing it on. It asks nothing: it goes by the access and licences that the grant came with, which are at
 * most ten minutes old.
 */
export function createRedistributionRule(
  repos: Pick<Repos, 'licenses'>,
  rules: RedistributionRules,
): RedistributionRule {
  const allowed = new Set(rules.licenses.map((license) => license.toLowerCase()));
  const isOverridden = createRepoMatcher(rules.repos);
  return ({ repo, access }) => {
    const name = repoName(repo);
    if (access !== 'public') {
      return new SwarmError('NOT_REDISTRIBUTABLE', `${name} is gated or private: no torrent is made of it.`);
    }
    if (allowed.has('*') || isOverridden(repo)) return undefined;
    const licenses = repos.licenses(repo) ?? [];
    const refused = licenses.filter((license) => !REDISTRIBUTABLE.has(license) && !allowed.has(license));
    if (licenses.length > 0 && refused.length === 0) return undefined;
    const reason =
      licenses.length === 0
        ? 'it names no licence'
        : `its licence (${refused.join(', ')}) is not known to allow passing copies on`;
    return new SwarmError(
      'NOT_REDISTRIBUTABLE',
      `No torrent is made of ${name}: ${reason}. Whoever runs this server can allow it (--torrent-license, --torrent-repo).`,
    );
  };
}
