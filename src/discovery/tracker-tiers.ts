/** The trackers of one torrent in the order in which they are asked (BEP 12). */
export class TrackerTiers<T> {
  readonly #tiers: readonly T[][];

  /** Shuffles each tier. `random`: 0 up to 1. */
  constructor(tiers: readonly (readonly T[])[], random: () => number) {
    this.#tiers = tiers.map((tier) => shuffle(tier, random));
  }

  /** Tier by tier: the next one is for when all of a tier fail. */
  inOrder(): readonly T[] {
    return this.#tiers.flat();
  }

  /** This one answered: it comes first in its tier from now on. */
  promote(tracker: T): void {
    for (const tier of this.#tiers) {
      const place = tier.indexOf(tracker);
      if (place > 0) tier.unshift(...tier.splice(place, 1));
    }
  }
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items];
  const shuffled: T[] = [];
  while (left.length > 0) shuffled.push(...left.splice(Math.floor(random() * left.length), 1));
  return shuffled;
}
