/** How work ended, as a value: for work that runs beside other work whose end is waited for as well. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

export const succeeded = <T>(value: T): Outcome<T> => ({ ok: true, value });

/** Never rejects. */
export function outcomeOf<T>(work: Promise<T>): Promise<Outcome<T>> {
  return work.then(succeeded, (error: unknown) => ({ ok: false, error }));
}
