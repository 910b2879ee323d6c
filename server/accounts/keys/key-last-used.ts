import { LRUCache } from 'lru-cache';
import type { ApiKeyId } from '../../domain/ids.js';

/**
 * How often the last use of a key is written at most. People read it in lists, so a minute is exact enough; one row
 * written for every push would cost as much as the push.
 */
const WRITE_INTERVAL_SECONDS = 60;
/**
 * How long uses are collected before they are written, so that a fleet costs one statement instead of one a key. Somebody who
 * sets up a reader waits for its first use to show, which must take two seconds at most.
 */
const FLUSH_DELAY_MS = 500;
/** After a write that failed. A disk that is full stays so for some time. */
const RETRY_SECONDS = 5;
/** Keys whose last write is known, and keys that can wait for a write. A key that is evicted costs one more write. */
const KEYS = 50_000;

export interface ApiKeyLastUsedOptions {
  /** Sets the time of last use of these keys, unless another server has written a later one. */
  readonly write: (keys: readonly ApiKeyId[], usedSeconds: number) => Promise<void>;
  /** Receives the error of a failed write. Its keys are written at their next use, after a pause. */
  readonly onError: (error: unknown) => void;
}

/**
 * Writes the time of last use of API keys in batches, at most once a minute for each key. A crash loses the uses that
 * were not written yet; nothing depends on them.
 */
export class ApiKeyLastUsed {
  readonly #options: ApiKeyLastUsedOptions;
  readonly #recordedSeconds = new LRUCache<ApiKeyId, number>({ max: KEYS });
  readonly #pending = new Set<ApiKeyId>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: ApiKeyLastUsedOptions) {
    this.#options = options;
  }

  /** @param lastUsedSeconds the time of last use in the cached row: if it is recent, nothing is written */
  record(key: ApiKeyId, lastUsedSeconds: number | undefined): void {
    const nowSeconds = Math.floor(Date.now() / 1000);
    if (lastUsedSeconds !== undefined && nowSeconds - lastUsedSeconds < WRITE_INTERVAL_SECONDS) return;
    if (nowSeconds - (this.#recordedSeconds.get(key) ?? 0) < WRITE_INTERVAL_SECONDS) return;
    this.#recordedSeconds.set(key, nowSeconds);
    if (this.#pending.size >= KEYS) return;
    this.#pending.add(key);
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
    const keys = [...this.#pending];
    this.#pending.clear();
    const usedSeconds = Math.floor(Date.now() / 1000);
    this.#writing = this.#writing
      .then(() => this.#options.write(keys, usedSeconds))
      .catch((error: unknown) => {
        const againSeconds = usedSeconds - WRITE_INTERVAL_SECONDS + RETRY_SECONDS;
        for (const key of keys) this.#recordedSeconds.set(key, againSeconds);
        this.#options.onError(error);
      });
  };
}
