import { LRUCache } from 'lru-cache';
import type { ApiKeyId } from '../../domain/ids.js';

/** "Last used" is for people; a row written for every push would cost as much as the push. */
const NOTED_EVERY_SECONDS = 60;
/** Uses gather this long, so that a fleet costs one statement and not one for each key. */
const GATHERED_MS = 1000;
/** Keys whose last note is remembered. A key pushed out costs one more write. */
const KEYS = 50_000;

export interface ApiKeyLastUsedOptions {
  /** Sets the last use of all these keys, unless another server has set a later one. */
  readonly write: (keys: readonly ApiKeyId[], usedSeconds: number) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Writes the last use of API keys, each at most once a minute. Losing one to a crash loses nothing that matters. */
export class ApiKeyLastUsed {
  readonly #options: ApiKeyLastUsedOptions;
  readonly #notedSeconds = new LRUCache<ApiKeyId, number>({ max: KEYS });
  readonly #gathered = new Set<ApiKeyId>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: ApiKeyLastUsedOptions) {
    this.#options = options;
  }

  note(key: ApiKeyId, lastUsedSeconds: number | undefined): void {
    const nowSeconds = Math.floor(Date.now() / 1000);
    // What the database said lately is nearly always enough.
    if (lastUsedSeconds !== undefined && nowSeconds - lastUsedSeconds < NOTED_EVERY_SECONDS) return;
    if (nowSeconds - (this.#notedSeconds.get(key) ?? 0) < NOTED_EVERY_SECONDS) return;
    this.#notedSeconds.set(key, nowSeconds);
    if (this.#gathered.size >= KEYS) return;
    this.#gathered.add(key);
    this.#timer ??= setTimeout(this.#write, GATHERED_MS);
  }

  /** Writes what has gathered and stops. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#write();
    }
    await this.#writing;
  }

  readonly #write = (): void => {
    this.#timer = undefined;
    const keys = [...this.#gathered];
    this.#gathered.clear();
    const usedSeconds = Math.floor(Date.now() / 1000);
    this.#writing = this.#writing
      .then(() => this.#options.write(keys, usedSeconds))
      .catch(this.#options.onError);
  };
}
