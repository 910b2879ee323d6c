import { lruCache } from '../batching/lru-cache.js';
import type { UserId } from '../domain/ids.js';

/**
 * How often the last use of a key, or a session, is written at most. People read it in lists, so a minute is exact enough;
 * one row written for every push would cost as much as the push.
 */
const WRITE_INTERVAL_SECONDS = 60;
/**
 * How long uses are collected before they are written, so that a fleet costs one statement instead of one a key. Somebody who
 * sets up a reader waits for its first use to show, which must take two seconds at most.
 */
const FLUSH_DELAY_MS = 500;
/** After a write that failed. A disk that is full stays so for some time. */
const RETRY_SECONDS = 5;
/** Ids whose last write is known, and ids that can wait for a write. One that is evicted costs one more write. */
const IDS = 50_000;

export interface LastUsedOptions<Id extends number> {
  /** Sets the time of last use of these rows, each with its user, unless another server has written a later one. */
  readonly write: (used: ReadonlyMap<Id, UserId>, usedSeconds: number) => Promise<void>;
  /** Receives the error of a failed write. Its rows are written at their next use, after a pause. */
  readonly onError: (error: unknown) => void;
}

/**
 * Writes the time of last use of API keys, or of sessions, in batches, at most once a minute for each of them. A crash loses
 * the uses that were not written yet; nothing depends on them.
 */
export class LastUsed<Id extends number> {
  readonly #options: LastUsedOptions<Id>;
  readonly #recordedSeconds = lruCache<Id, number>(IDS);
  #pending = new Map<Id, UserId>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: LastUsedOptions<Id>) {
    this.#options = options;
  }

  /** @param lastUsedSeconds the time of last use in the cached row: if it is recent, nothing is written */
  record(id: Id, userId: UserId, lastUsedSeconds: number | undefined): void {
    const nowSeconds = Math.floor(Date.now() / 1000);
    if (lastUsedSeconds !== undefined && nowSeconds - lastUsedSeconds < WRITE_INTERVAL_SECONDS) return;
    if (nowSeconds - (this.#recordedSeconds.get(id) ?? 0) < WRITE_INTERVAL_SECONDS) return;
    this.#recordedSeconds.set(id, nowSeconds);
    if (this.#pending.size >= IDS) return;
    this.#pending.set(id, userId);
    this.#timer ??= setTimeout(this.#flush, FLUSH_DELAY_MS);
  }

  /** Writes what is pending. Resolves when all writes have ended, also those that failed. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#flush();
    }
    await this.#writing;
  }

  readonly #flush = (): void => {
    this.#timer = undefined;
    const used = this.#pending;
    this.#pending = new Map();
    const usedSeconds = Math.floor(Date.now() / 1000);
    this.#writing = this.#writing
      .then(() => this.#options.write(used, usedSeconds))
      .catch((error: unknown) => {
        const againSeconds = usedSeconds - WRITE_INTERVAL_SECONDS + RETRY_SECONDS;
        for (const id of used.keys()) this.#recordedSeconds.set(id, againSeconds);
        this.#options.onError(error);
      });
  };
}
