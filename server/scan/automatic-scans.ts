import type { Store } from '../database/store.js';
import { DogearError } from '../domain/dogear-error.js';
import type { LibraryId } from '../domain/ids.js';
import { allLibraries } from '../library/library-repository.js';
import type { BackgroundScans } from './background-scans.js';

/** How soon a scan that could not begin is tried again: the library is being scanned, too many others are, or the database is away. */
const RETRY_MS = 10_000;
/**
 * How long files that do not come to rest keep a scan from beginning. A download that never pauses must not keep other
 * books from being found.
 */
const LONGEST_WAIT_MS = 600_000;

/**
 * At a set time every server of one database wants the same scan. Their clocks differ by less than this, and no schedule
 * asks for scans that follow each other faster.
 */
const SAME_TIME_MS = 30_000;

/** Why a library is to be scanned. A scan that runs already is enough for the schedule; what was touched meanwhile is not. */
type Reason = 'schedule' | 'touched';

interface Wanted {
  readonly reason: Reason;
  /** By performance.now(): a scan that began after this is the one that is wanted, whoever began it. */
  readonly sinceMs: number;
}

export interface AutomaticScansOptions {
  readonly store: Store;
  readonly scans: Pick<BackgroundScans, 'start'>;
  /** How long nothing may have been touched in a library before it is scanned. */
  readonly quietMs: number;
  /** Called with what kept a scan from beginning, unless another scan did. */
  readonly onError: (error: unknown) => void;
}

interface Touched {
  /** When the first of these touches was. */
  readonly sinceMs: number;
  timer: NodeJS.Timeout;
}

/** Begins scans that nobody has asked for: at set times, and when something has been touched in a library. */
export class AutomaticScans {
  readonly #options: AutomaticScansOptions;
  readonly #wanted = new Map<LibraryId, Wanted>();
  readonly #touched = new Map<LibraryId, Touched>();
  #starting: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Whether something was wanted after the scans that are wanted were looked through. */
  #hasNew = false;
  /** When all libraries were to be scanned; they are not among those that are wanted yet. */
  #allSinceMs: number | undefined;
  #isClosed = false;

  constructor(options: AutomaticScansOptions) {
    this.#options = options;
  }

  /** Wants a scan of every library. */
  scanAll(): void {
    if (this.#isClosed) return;
    this.#allSinceMs = performance.now() - SAME_TIME_MS;
    this.#hasNew = true;
    this.#begin();
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
      this.#wanted.set(id, { reason: 'touched', sinceMs: nowMs });
      this.#hasNew = true;
      this.#begin();
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
      this.#wantAll(libraries.keys());
      // A list of its own: what is wanted again meanwhile is not looked at again at once.
      for (const [id, wanted] of Array.from(this.#wanted)) {
        const library = libraries.get(id);
        // Before the scan begins: what is touched from now on is wanted again.
        this.#wanted.delete(id);
        if (library === undefined) continue;
        try {
          await this.#options.scans.start(library, {
            regenHashes: false,
            unlessBegunWithinMs: Math.ceil(performance.now() - wanted.sinceMs),
          });
        } catch (error) {
          if (this.#isClosed) return;
          const code = error instanceof DogearError ? error.code : undefined;
          if (code === 'scan-recent' || code === 'library-not-found') continue;
          if (code === 'scan-running' && wanted.reason === 'schedule') continue;
          if (code !== 'scan-running' && code !== 'scans-at-limit') this.#options.onError(error);
          // Anything but a DogearError: the database is away.
          if (code !== undefined && code !== 'scan-running' && code !== 'scans-at-limit') continue;
          if (!this.#wanted.has(id)) this.#wanted.set(id, wanted);
          this.#retryLater();
          if (code === 'scans-at-limit') return;
        }
      }
    } catch (error) {
      this.#options.onError(error);
      this.#retryLater();
    }
  }

  #wantAll(ids: Iterable<LibraryId>): void {
    const sinceMs = this.#allSinceMs;
    if (sinceMs === undefined) return;
    this.#allSinceMs = undefined;
    for (const id of ids) {
      if (!this.#wanted.has(id)) this.#wanted.set(id, { reason: 'schedule', sinceMs });
    }
  }

  #retryLater(): void {
    clearTimeout(this.#retry);
    if (this.#isClosed) return;
    this.#retry = setTimeout(() => this.#begin(), RETRY_MS);
  }
}
