import type { Part } from '../contracts/part.ts';
import { type Span, SpanSet } from './span-set.ts';

/** Spans that are compared at the same time: one keeps a worker thread busy. */
const MOST_CHECKS = 2;

/** The spans of a part that an unclean stop left: each is compared with its checksum before it is believed. */
export class Doubts {
  /** What is neither believed nor given up yet. */
  readonly spans: SpanSet = new SpanSet();
  readonly #part: Part;
  #checks = 0;

  constructor(part: Part) {
    this.#part = part;
    for (const { start, end } of part.doubted) this.spans.add(start, end);
  }

  /** Are as many comparisons under way as may be? */
  get busy(): boolean {
    return this.#checks >= MOST_CHECKS;
  }

  /** The recorded span that holds `position`. */
  at(position: number): Span | undefined {
    return this.#part.doubted.find((span) => span.start <= position && span.end > position);
  }

  /** Compares a span. It is in doubt no longer: true means that it is good, false that it is missing. */
  async settle(span: Span): Promise<boolean> {
    this.#checks++;
    try {
      return await this.#part.check(span);
    } finally {
      this.#checks--;
      this.spans.delete(span.start, span.end);
    }
  }
}
