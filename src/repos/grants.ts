import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { Caller, Grant } from '../contracts/access.ts';
import type { Entry } from '../contracts/domain.ts';
import { isSwarmError } from '../errors.ts';
import type { EntryProofs } from './entry-proofs.ts';
import type { Knowledge } from './knowledge.ts';
import type { GrantedFile, ServableProofs } from './servable-proofs.ts';

export interface GrantOptions {
  readonly proofs: EntryProofs;
  readonly servable: ServableProofs;
  readonly knowledge: Knowledge;
}

/** What a grant says besides its file. */
export interface GrantTerms {
  readonly caller: Caller;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly stale: boolean;
}

/** Makes the function that turns a file that a caller may have into his grant. */
export function createGrants(options: GrantOptions): (file: GrantedFile, terms: GrantTerms) => Grant {
  return (file, { caller, expiresAt, stale }) => {
    let proof: Promise<Entry> | undefined;
    return {
      repo: file.repo,
      commit: file.commit,
      access: file.access,
      expiresAt,
      stale,
      entry: file.entry,
      location: file.location,
      token: file.token,
      client: caller.client,
      proof() {
        proof ??= prove(options, file).catch((error: unknown) => {
          // The next call asks again: the Hub may be back, or honest.
          proof = undefined;
          throw error;
        });
        return proof;
      },
      verifyServable: (signal) => leaveOnAbort(options.servable.verify(file), signal),
      noteServed: () => options.servable.note(file),
    };
  };
}

async function prove({ proofs, knowledge }: GrantOptions, file: GrantedFile): Promise<Entry> {
  try {
    return await proofs.prove(file, file.who, file.token);
  } catch (error) {
    if (isSwarmError(error, 'INTEGRITY')) knowledge.forgetFile(file.repo, file.commit, file.entry.path);
    throw error;
  }
}
