import type { Store } from '../database/store.js';
import { DogearError } from '../domain/dogear-error.js';
import type { LibraryId } from '../domain/ids.js';
import { allLibraries } from '../library/library-repository.js';
import type { BackgroundScans } from './background-scans.js';
import { placesOf } from './touched-places.js';

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

/** A timer of Node may fire so much too early. */
const TIMER_MS = 2;

/** Why a library is to be scanned. A scan that runs already is enough for the schedule; what was touched meanwhile is not. */
type Reason = 'schedule' | 'touched';

/** Paths that are remembered of a library, each once. Where more were touched, all of it is scanned. */
const MOST_PATHS = 1000;

interface Wanted {
  readonly reason: Reason;
  /** What was touched; `undefined`: anything. */
  readonly paths: ReadonlySet<string> | undefined;
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

/** Touches since the last scan began, by performance.now(). */
interface Touched {
  readonly sinceMs: number;
  readonly lastMs: number;
  /** When each path was touched last; `undefined`: too many were, or nobody knows which. */
  readonly paths: ReadonlyMap<string, number> | undefined;
  readonly timer: NodeJS.Timeout;
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

  /**
   * Wants a scan of what was touched once nothing has been touched in the library for a while: files that are being written
   * are waited for.
   *
   * @param paths as of `placesOf`; `undefined`: anything may have been touched
   */
  touched(id: LibraryId, paths: readonly string[] | undefined): void {
    if (this.#isClosed) return;
    const lastMs = performance.now();
    const known = this.#touched.get(id);
    const all = new Map(known?.paths);
    for (const path of paths ?? []) all.set(path, lastMs);
    const isKnown = paths !== undefined && (known === undefined || known.paths !== undefined);
    this.#wait(id, {
      sinceMs: known?.sinceMs ?? lastMs,
      lastMs,
      paths: isKnown && all.size <= MOST_PATHS ? all : undefined,
    });
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

  #wait(id: LibraryId, touched: Omit<Touched, 'timer'>): void {
    const { sinceMs, lastMs } = touched;
    const restMs = lastMs + this.#options.quietMs;
    const waitMs = Math.max(0, Math.min(restMs, sinceMs + LONGEST_WAIT_MS) - performance.now());
    clearTimeout(this.#touched.get(id)?.timer);
    this.#touched.set(id, { ...touched, timer: setTimeout(() => this.#takeTouched(id), waitMs) });
  }

  /** What was touched just now, where the library does not come to rest, may be a file that is being written. It waits on. */
  #takeTouched(id: LibraryId): void {
    const touched = this.#touched.get(id);
    if (touched === undefined) return;
    this.#touched.delete(id);
    const { lastMs, paths } = touched;
    const nowMs = performance.now();
    const isAtRest = nowMs - lastMs >= this.#options.quietMs - TIMER_MS;
    if (isAtRest || paths === undefined) {
      this.#want(id, {
        reason: 'touched',
        sinceMs: lastMs,
        paths: paths === undefined ? undefined : new Set(paths.keys()),
      });
      return;
    }
    const [resting, restless] = [new Map<string, number>(), new Map<string, number>()];
    for (const [path, ms] of paths) (nowMs - ms >= this.#options.quietMs ? resting : restless).set(path, ms);
    this.#wait(id, { sinceMs: nowMs, lastMs, paths: restless });
    if (resting.size === 0) return;
    const sinceMs = Math.max(...resting.values());
    this.#want(id, { reason: 'touched', sinceMs, paths: new Set(resting.keys()) });
  }

  #want(id: LibraryId, wanted: Wanted): void {
    this.#wanted.set(id, merged(wanted, this.#wanted.get(id)));
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
            within: wanted.paths === undefined ? undefined : placesOf(wanted.paths),
          });
        } catch (error) {
          if (this.#isClosed) return;
          const code = error instanceof DogearError ? error.code : undefined;
          if (code === 'scan-recent' || code === 'library-not-found') continue;
          if (code === 'scan-running' && wanted.reason === 'schedule') continue;
          if (code !== 'scan-running' && code !== 'scans-at-limit') this.#options.onError(error);
          // Anything but a DogearError: the database is away.
          if (code !== undefined && code !== 'scan-running' && code !== 'scans-at-limit') continue;
          this.#wanted.set(id, merged(wanted, this.#wanted.get(id)));
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
      const wanted: Wanted = { reason: 'schedule', sinceMs, paths: undefined };
      this.#wanted.set(id, merged(wanted, this.#wanted.get(id)));
    }
  }

  #retryLater(): void {
    clearTimeout(this.#retry);
    if (this.#isClosed) return;
    this.#retry = setTimeout(() => this.#begin(), RETRY_MS);
  }
}

/** One scan for both. */
function merged(wanted: Wanted, other: Wanted | undefined): Wanted {
  if (other === undefined) return wanted;
  return {
    reason: wanted.reason === 'touched' ? 'touched' : other.reason,
    sinceMs: Math.max(wanted.sinceMs, other.sinceMs),
    paths:
      wanted.paths === undefined || other.paths === undefined
        ? undefined
        : new Set([...wanted.paths, ...other.paths]),
  };
}
