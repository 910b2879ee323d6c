/** How much slower than the machine's clock the estimate runs, so that it stays behind a database whose clock is slow. */
const SLOWNESS = 1e-4;

/** What is less is the way of the answer from a busy database, or a clock that is being corrected slowly. */
const STEP_SECONDS = 5;

/**
 * An estimate of the database's clock that never steps back. When the database's clock does (NTP, a failover to another
 * machine), arrivals go on from the estimate until the clock has caught up. Within one document the statement itself sees
 * to the order (progress-repository.ts); the estimate keeps the order between the documents that stand for one book.
 */
export class ArrivalClock {
  readonly #nowMs: () => number;
  #seenUs = 0;
  #seenMs = 0;
  #anchorUs = 0;
  #anchorMs = 0;

  /** @param nowMs a clock that never steps back */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /**
   * Call it every few seconds with the database's clock.
   *
   * @returns the seconds by which the clock has stepped since the last call: negative when it stepped back, 0 when it has
   *   gone on as it should
   */
  observe(databaseUs: number): number {
    const elapsedUs = (this.#nowMs() - this.#seenMs) * 1000;
    const stepSeconds = this.#seenUs === 0 ? 0 : (databaseUs - this.#seenUs - elapsedUs) / 1e6;
    this.#seenUs = databaseUs;
    this.#seenMs = this.#nowMs();
    this.#anchorUs = Math.max(databaseUs, this.earliestUs());
    this.#anchorMs = this.#nowMs();
    return Math.abs(stepSeconds) < STEP_SECONDS ? 0 : Math.round(stepSeconds);
  }

  /** In microseconds since 1970; 0 before the first observation. A push that arrives now must not have a smaller arrival. */
  earliestUs(): number {
    if (this.#anchorUs === 0) return 0;
    return Math.floor(this.#anchorUs + (this.#nowMs() - this.#anchorMs) * 1000 * (1 - SLOWNESS));
  }
}
