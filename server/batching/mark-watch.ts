/** Between the beginnings of two looks. Short against the time for which a cached value is served. */
const LOOK_EVERY_MS = 1500;
/**
 * From the first look on, nothing is trusted for this long. A server of a version that does not write the mark goes on for up
 * to five seconds after the migration that made it (database/schema-watch.ts), and then ends the requests that it has begun.
 */
const OLDER_SERVERS_MS = 10_000;

/**
 * Watches a mark in the database that changes with every change of what a cache holds. While it stays the same, values that
 * were read long ago are as good as new ones. It looks only while it is asked, so an idle server sends nothing.
 */
export class MarkWatch {
  readonly #read: () => Promise<string>;
  #mark: string | undefined;
  /**
   * When the first look that found this mark had ended. What was read before may be older than the mark; what is read
   * later is not.
   */
  #sinceMs = Infinity;
  /** Values that were read before are not trusted, whatever the mark is. */
  #trustedMs: number | undefined;
  /** When the last look that found this mark began. Nothing had changed until then. */
  #unchangedMs = -Infinity;
  #lookedMs = -Infinity;
  #isLooking = false;

  /** @param read the mark, from a row that each change writes in its own transaction */
  constructor(read: () => Promise<string>) {
    this.#read = read;
  }

  /**
   * The last moment, by `performance.now()`, at which a value is known to have been what the database holds.
   *
   * @param readMs when the read of the value began
   */
  rightAt(readMs: number, nowMs: number): number {
    this.lookIfDue(nowMs);
    return readMs > this.#sinceMs ? Math.max(readMs, this.#unchangedMs) : readMs;
  }

  /** To be called when a value is read or asked for. */
  lookIfDue(nowMs: number): void {
    if (nowMs - this.#lookedMs >= LOOK_EVERY_MS && !this.#isLooking) void this.#look(nowMs);
  }

  /** Never rejects. */
  async #look(nowMs: number): Promise<void> {
    this.#isLooking = true;
    this.#lookedMs = nowMs;
    try {
      const mark = await this.#read();
      if (mark !== this.#mark) {
        const foundMs = performance.now();
        this.#trustedMs ??= foundMs + OLDER_SERVERS_MS;
        this.#mark = mark;
        this.#sinceMs = Math.max(foundMs, this.#trustedMs);
      }
      this.#unchangedMs = nowMs;
    } catch {
      // The store reports the failure. Values are then served for their usual time.
    } finally {
      this.#isLooking = false;
    }
  }
}
