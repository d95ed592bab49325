/** A user of the sample hub with one access token. */
export interface SampleAccount {
  /** As clients send it: `Bearer <token>`. Real ones look like `hf_` and 34 letters or digits. */
  readonly token: string;
  readonly user: string;
  readonly role?: 'read' | 'write' | 'fineGrained';
  /** Repos (`org/name`, `datasets/org/name`) whose gate is open for this user, or that are private and shared with them. */
  readonly grants?: readonly string[];
}

/** The accounts of the hub, changeable at run time. */
export class Accounts {
  readonly #accounts = new Map<string, { readonly account: SampleAccount; readonly grants: Set<string> }>();

  add(account: SampleAccount): void {
    this.#accounts.set(account.token, { account, grants: new Set(account.grants) });
  }

  /** From now on the token is unknown. */
  revoke(token: string): void {
    this.#accounts.delete(token);
  }

  find(token: string): SampleAccount | undefined {
    return this.#accounts.get(token)?.account;
  }

  grant(token: string, repo: string): void {
    this.#accounts.get(token)?.grants.add(repo);
  }

  ungrant(token: string, repo: string): void {
    this.#accounts.get(token)?.grants.delete(repo);
  }

  mayRead(account: SampleAccount | undefined, repo: string): boolean {
    return account !== undefined && (this.#accounts.get(account.token)?.grants.has(repo) ?? false);
  }
}
