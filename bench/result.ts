/** One compared number. */
export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly ours: number;
  /** The same measure of other programs, by their plain name: `nginx`, `direct`, `node:http` ... */
  readonly peers: Readonly<Record<string, number>>;
  /** ours / first peer; null without a peer. */
  readonly ratio: number | null;
  /** Bound for the ratio, or without a peer for `ours`: at least it where higher is better, else at most it. Null: reported only. */
  readonly target: number | null;
  readonly ok: boolean | null;
}

export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly ours: number;
  readonly peers?: Readonly<Record<string, number>>;
  readonly target?: number;
}

/** Adds the ratio and the verdict to what was measured. */
export function judge({ name, unit, better, ours, peers = {}, target }: Measured): Result {
  const peer = Object.values(peers)[0];
  const ratio = peer === undefined ? null : round(ours / peer);
  const judged = ratio ?? ours;
  const ok = target === undefined ? null : better === 'higher' ? judged >= target : judged <= target;
  const rounded = Object.fromEntries(Object.entries(peers).map(([key, value]) => [key, round(value)]));
  return { name, unit, better, ours: round(ours), peers: rounded, ratio, target: target ?? null, ok };
}

/** Four significant digits: more would be noise. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
