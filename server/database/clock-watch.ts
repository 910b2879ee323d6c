import { readDatabaseNowMs } from './database-clock.js';
import type { Store } from './store.js';

/**
 * Smaller differences come from slow answers of a busy database, or from a clock that is being corrected slowly.
 */
const STEP_SECONDS = 5;

/**
 * Notices when the clock of a MySQL database steps (NTP, a failover to another machine). The order of pushes does not
 * depend on it, but leases of scans do, and an operator will want to know.
 */
export class ClockWatch {
  readonly #nowMs: () => number;
  #seenMs: { readonly database: number; readonly own: number } | undefined;

  /** @param nowMs a clock that never steps */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /**
   * Call it every few seconds.
   *
   * @returns the seconds by which the clock has stepped since the last call: negative when it stepped back, 0 when it has
   *   gone on as it should
   */
  async look(store: Store): Promise<number> {
    // SQLite goes by the clock of this machine.
    return store.dialect === 'sqlite' ? 0 : this.observe(await readDatabaseNowMs(store));
  }

  observe(databaseMs: number): number {
    const own = this.#nowMs();
    const seen = this.#seenMs;
    this.#seenMs = { database: databaseMs, own };
    if (seen === undefined) return 0;
    const stepSeconds = (databaseMs - seen.database - (own - seen.own)) / 1000;
    return Math.abs(stepSeconds) < STEP_SECONDS ? 0 : Math.round(stepSeconds);
  }
}
