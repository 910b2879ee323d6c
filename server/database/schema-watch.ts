import { SyncError } from '../domain/sync-error.js';
import { schemaState } from './migrate.js';
import { LookAfterCommits } from './look-after-commits.js';
import type { OpenStore } from './store.js';

/** Between two looks. With a slow look, which takes 1.5 s at most, it is less than the five seconds that are promised. */
const INTERVAL_MS = 3000;

export interface SchemaWatchOptions {
  /** Runs after each look at the schema, as long as the schema is not newer. */
  readonly alsoDo?: () => Promise<void>;
  /** Called when a newer schema is found, with the migrations that this program does not know. */
  readonly onNewer: (unknown: readonly string[]) => void;
  /** A look failed. The next one follows all the same. */
  readonly onError: (error: unknown) => void;
}

/**
 * Looks every few seconds whether a newer version of the program has migrated the database. A server must not answer
 * then: tables may mean something else. Where a migration changes the meaning of a table it renames the table, so no push
 * is committed in the seconds before this notices.
 */
export class SchemaWatch {
  readonly #store: OpenStore;
  readonly #looks: LookAfterCommits;
  readonly #options: SchemaWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #isNewer = false;
  #isClosed = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(store: OpenStore, options: SchemaWatchOptions) {
    this.#store = store;
    this.#looks = new LookAfterCommits(store);
    this.#options = options;
    this.#looking = this.#look();
  }

  /** Why requests cannot be answered; `undefined` when they can. */
  refusal(): SyncError | undefined {
    return this.#isNewer ? new SyncError('unavailable', NEWER) : undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      await this.#looks.look(async () => {
        const { unknown } = await schemaState(this.#store);
        if (unknown.length > 0 && !this.#isNewer) this.#options.onNewer(unknown);
        this.#isNewer = unknown.length > 0;
        if (!this.#isNewer) await this.#options.alsoDo?.();
        return true;
      });
    } catch (error) {
      this.#options.onError(error);
    }
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look();
    }, INTERVAL_MS);
    this.#timer.unref();
  }
}

const NEWER = 'A newer version of Dogear uses this database. Update this server.';
