import type { Store } from '../database/store.js';
import { DogearError } from '../domain/dogear-error.js';
import type { LibraryId } from '../domain/ids.js';
import { allLibraries } from '../library/library-repository.js';
import type { BackgroundScans } from './background-scans.js';

/** How soon a scan that could not begin is tried again: the library is being scanned, or too many others are. */
const RETRY_MS = 10_000;
/**
 * How long files that do not come to rest keep a scan from beginning. A download that never pauses must not keep other
 * books from being found.
 */
const LONGEST_WAIT_MS = 600_000;

/** Why a library is to be scanned. A scan that runs already is enough for the schedule; what was touched meanwhile is not. */
type Reason = 'schedule' | 'touched';

export interface AutomaticScansOptions {
  readonly store: Store;
  readonly scans: Pick<BackgroundScans, 'start'>;
  /** How long nothing may have been touched in a library before it is scanned. */
  readonly quietMs: number;
  /** Called with what kept a scan from beginning, unless it is tried again. */
  readonly onError: (error: unknown) => void;
}

interface Touched {
  readonly sinceMs: number;
  timer: NodeJS.Timeout;
}

/** Begins scans that nobody has asked for: at set times, and when something has been touched in a library. */
export class AutomaticScans {
  readonly #options: AutomaticScansOptions;
  readonly #wanted = new Map<LibraryId, Reason>();
  readonly #touched = new Map<LibraryId, Touched>();
  #starting: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Whether something was wanted after the scans that are wanted were looked through. */
  #hasNew = false;
  #isClosed = false;

  constructor(options: AutomaticScansOptions) {
    this.#options = options;
  }

  /** Wants a scan of every library. */
  async scanAll(): Promise<void> {
    try {
      for (const { id } of await allLibraries(this.#options.store)) this.#want(id, 'schedule');
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** Wants a scan once nothing has been touched for a while: files that are being written are waited for. */
  touched(id: LibraryId): void {
    if (this.#isClosed) return;
    const nowMs = performance.now();
    const known = this.#touched.get(id);
    clearTimeout(known?.timer);
    const sinceMs = known?.sinceMs ?? nowMs;
    const waitMs = Math.min(this.#options.quietMs, Math.max(0, sinceMs + LONGEST_WAIT_MS - nowMs));
    const timer = setTimeout(() => {
      this.#touched.delete(id);
      this.#want(id, 'touched');
    }, waitMs);
    this.#touched.set(id, { sinceMs, timer });
  }

  /** Begins no more scans, and resolves when none is beginning. Those that run go on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    for (const { timer } of this.#touched.values()) clearTimeout(timer);
    this.#touched.clear();
    this.#wanted.clear();
    await this.#starting;
  }

  #want(id: LibraryId, reason: Reason): void {
    if (this.#isClosed) return;
    if (reason === 'touched' || !this.#wanted.has(id)) this.#wanted.set(id, reason);
    this.#hasNew = true;
    this.#begin();
  }

  #begin(): void {
    this.#starting ??= this.#startAll().finally(() => {
      this.#starting = undefined;
    });
  }

  async #startAll(): Promise<void> {
    do {
      this.#hasNew = false;
      await this.#start();
    } while (this.#hasNew && !this.#isClosed);
  }

  async #start(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      const libraries = new Map(
        (await allLibraries(this.#options.store)).map((library) => [library.id, library]),
      );
      this.#hasNew = false;
      // A list of its own: what is wanted again meanwhile is not looked at again at once.
      for (const [id, reason] of Array.from(this.#wanted)) {
        const library = libraries.get(id);
        // Before the scan begins: what is touched from now on is wanted again.
        this.#wanted.delete(id);
        if (library === undefined) continue;
        try {
          await this.#options.scans.start(library, { regenHashes: false });
        } catch (error) {
          if (this.#isClosed) return;
          const code = error instanceof DogearError ? error.code : undefined;
          if (code === 'scans-at-limit' || (code === 'scan-running' && reason === 'touched')) {
            if (!this.#wanted.has(id)) this.#wanted.set(id, reason);
            this.#retryLater();
            if (code === 'scans-at-limit') return;
          } else if (code !== 'scan-running' && code !== 'library-not-found') this.#options.onError(error);
        }
      }
    } catch (error) {
      this.#options.onError(error);
      this.#retryLater();
    }
  }

  #retryLater(): void {
    clearTimeout(this.#retry);
    if (this.#isClosed) return;
    this.#retry = setTimeout(() => this.#begin(), RETRY_MS);
  }
}
