/** How tabs of one origin find the one whose engine works for all of them. */

/** Said on the channel that all tabs of a scope share. */
export type ScopeMessage =
  | { readonly kind: 'who' }
  | { readonly kind: 'leads'; readonly leader: string }
  | { readonly kind: 'joins'; readonly leader: string; readonly tab: string }
  | { readonly kind: 'joined'; readonly leader: string; readonly tab: string };

export const scopeChannel = (scope: string): string => `modelswarm:${scope}`;
/** What a tab and the leader say to one another. */
export const pairChannel = (scope: string, leader: string, tab: string): string =>
  `modelswarm:${scope}:${leader}:${tab}`;
/** Who has it leads; it is free when that tab is gone, however it went. */
export const leaderLock = (scope: string): string => `modelswarm:${scope}:leader`;
/** A tab has its own as long as it lives. */
export const tabLock = (scope: string, tab: string): string => `modelswarm:${scope}:tab:${tab}`;
