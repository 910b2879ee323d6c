import { DogearError } from '../domain/dogear-error.js';
import type { ScanId } from '../domain/ids.js';
import { SharedCount } from '../domain/shared-count.js';
import type { Library } from '../library/library.js';
import { NO_COUNTS, type ScanCounts } from './scan.js';
import type { ScanOptions, ScanSummary } from './scan-library.js';

/**
 * Scans that one process runs at a time, those of all its threads together. They share the machine's cores and disks,
 * so more of them are not faster. Each takes some megabytes of memory and some connections to the database.
 */
const SCANS_AT_ONCE = 4;

/** The state of a scan that this process runs. It is newer than what the database holds. */
export interface LiveScan {
  readonly counts: ScanCounts;
  /** Files that the last complete scan found; `undefined` at the first one, and before the first batch. */
  readonly expectedFiles: number | undefined;
}

export interface BackgroundScansOptions {
  /** How a library is scanned: in this thread, or in one beside it. */
  readonly scan: (library: Library, options: ScanOptions) => Promise<ScanSummary>;
  /**
   * Called with the error of a scan that failed after it had begun, unless it is a DogearError: those are expected. Either
   * way the database holds the scan as failed or cancelled, with the message.
   */
  readonly onError: (error: unknown) => void;
  /** How many scans the process runs. Default: those of this object alone are counted. */
  readonly running?: SharedCount;
}

export interface BackgroundScanOptions {
  readonly regenHashes: boolean;
  /** As `ScanOptions`. */
  readonly unlessBegunWithinMs?: number | undefined;
  /** As `ScanOptions`. */
  readonly within?: readonly Buffer[] | undefined;
}

interface OwnScan {
  live: LiveScan;
  readonly stop: AbortController;
}

/** The scans that a server runs beside its requests. They run until they end or until this is closed. */
export class BackgroundScans {
  readonly #options: BackgroundScansOptions;
  readonly #count: SharedCount;
  readonly #running = new Map<ScanId, OwnScan>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: BackgroundScansOptions) {
    this.#options = options;
    this.#count = options.running ?? new SharedCount();
  }

  /**
   * Begins a scan and resolves with its id as soon as the database holds it. The scan goes on after that. Its end and its
   * errors are read from the database, by `getScan` or `watchScan`.
   *
   * @throws DogearError
   *   - `scan-running`: the library is being scanned, by this process or another one
   *   - `scan-recent`: with `unlessBegunWithinMs`
   *   - `scans-at-limit`: this process runs as many scans as it may
   *   - `stopping`: `close` was called
   *   - `library-not-found`: the library was removed meanwhile
   */
  start(library: Library, options: BackgroundScanOptions): Promise<ScanId> {
    if (this.#closing.signal.aborted) {
      return Promise.reject(new DogearError('stopping', 'The server is stopping.'));
    }
    if (!this.#count.tryAdd(SCANS_AT_ONCE)) {
      const limit = `${String(SCANS_AT_ONCE)} libraries are being scanned already; wait for one to end.`;
      return Promise.reject(new DogearError('scans-at-limit', limit));
    }
    return new Promise((resolve, reject) => {
      const task: Promise<void> = this.#run(library, options, resolve)
        .catch(reject)
        .finally(() => {
          this.#count.subtract();
          this.#tasks.delete(task);
        });
      this.#tasks.add(task);
    });
  }

  /** The newest state of a scan of this process; `undefined` for one that has ended or runs in another process. */
  live(id: ScanId): LiveScan | undefined {
    return this.#running.get(id)?.live;
  }

  /** Stops a scan of this process; it ends as cancelled. Does nothing for other scans. */
  stop(id: ScanId): void {
    this.#running.get(id)?.stop.abort();
  }

  /** How many scans run, those included that have not begun yet. */
  get size(): number {
    return this.#tasks.size;
  }

  /**
   * Stops all scans and resolves when they have ended. Idempotent. What they committed stays, and the next scan of
   * each library goes on from it.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#tasks);
  }

  /** Rejects only for a scan that did not begin. Nobody awaits the end of a scan that did. */
  async #run(library: Library, options: BackgroundScanOptions, onStart: (id: ScanId) => void): Promise<void> {
    const stop = new AbortController();
    let begun: ScanId | undefined;
    try {
      await this.#options.scan(library, {
        ...options,
        signal: AbortSignal.any([stop.signal, this.#closing.signal]),
        onStart: (id) => {
          begun = id;
          this.#running.set(id, { live: { counts: NO_COUNTS, expectedFiles: undefined }, stop });
          onStart(id);
        },
        onProgress: ({ scanId, counts, expectedFiles }) => {
          const running = this.#running.get(scanId);
          if (running !== undefined) running.live = { counts, expectedFiles };
        },
      });
    } catch (error) {
      if (begun === undefined) throw error;
      if (!(error instanceof DogearError)) this.#options.onError(error);
    } finally {
      if (begun !== undefined) this.#running.delete(begun);
    }
  }
}
