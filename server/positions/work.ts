/**
 * The reading or the translation costs more than any real book does. Thrown from the middle of a loop, so that only the
 * time of `MAX_STEPS` is lost.
 */
export class WorkLimitError extends Error {}

/**
 * The most steps that reading a book, reading one of its chapters, or translating one position may take: a node, an
 * attribute, a tried selector or some dozens of characters. The largest chapter that is read takes some five million of
 * them, a usual one some ten thousand. This many take about a second.
 */
const MAX_STEPS = 20_000_000;

/** Characters that a plain scan passes in the time of a step. */
const SCANNED_PER_STEP = 64;

/**
 * Counts steps, because a small book can be made so that something in it is done over and over.
 * Times cannot bound that: a thread that computes does not look at a clock, and a slow machine is no hostile book.
 *
 * The book, each of its chapters and each translation are counted apart. Books and chapters are cached, and whether a
 * position can be translated must not depend on what the cache held. A style sheet belongs to each chapter that links
 * it, so a cached one costs what its reading took.
 */
export class Work {
  #steps = 0;

  /** Steps since the last `begin`. */
  get steps(): number {
    return this.#steps;
  }

  /** Starts to count anew: for a book, a chapter or a translation. */
  begin(): void {
    this.#steps = 0;
  }

  /** @throws WorkLimitError where more than `MAX_STEPS` have been taken since the last `begin` */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS)
      throw new WorkLimitError('a book, a chapter or a translation takes too many steps');
  }

  /** For a pass over so many characters. */
  scan(characters: number): void {
    this.spend(1 + Math.floor(characters / SCANNED_PER_STEP));
  }
}
