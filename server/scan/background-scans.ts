import { DogearError } from '../domain/dogear-error.js';
import type { ScanId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import { NO_COUNTS, type ScanCounts } from './scan.js';
import type { ScanOptions, ScanSummary } from './scan-library.js';

/**
 * Scans of one process at a time. They share the machine's cores and disks, so more of them are not faster; each holds
 * some megabytes of memory and some connections to the database.
 */
const SCANS_AT_ONCE = 4;

/** What this process knows of a scan that it runs, fresher than the database has it. */
export interface LiveScan {
  readonly counts: ScanCounts;
  /** Files that the last complete scan found; `undefined` at the first one, and before the first batch. */
  readonly expectedFiles: number | undefined;
}

export interface BackgroundScansOptions {
  /** How a library is scanned: in this thread, or in one beside it. */
  readonly scan: (library: Library, options: ScanOptions) => Promise<ScanSummary>;
  /** Is told what a scan failed of that was not foreseen; the scan itself is in the database as failed. */
  readonly onError: (error: unknown) => void;
}

interface RunningScan {
  live: LiveScan;
  readonly stop: AbortController;
}

/** Scans that were started over HTTP: they run in this process, beside what it answers, until it is closed. */
export class BackgroundScans {
  readonly #options: BackgroundScansOptions;
  readonly #running = new Map<ScanId, RunningScan>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: BackgroundScansOptions) {
    this.#options = options;
  }

  /**
   * Begins a scan; resolves when it is in the database.
   *
   * @throws DogearError `scan-running` when the library is being scanned, by this process or another;
   *   `scans-at-limit`, `stopping`, `library-not-found`
   */
  start(library: Library, { regenHashes }: { readonly regenHashes: boolean }): Promise<ScanId> {
    if (this.#closing.signal.aborted) {
      return Promise.reject(new DogearError('stopping', 'The server is stopping.'));
    }
    if (this.#tasks.size >= SCANS_AT_ONCE) {
      const limit = `${String(SCANS_AT_ONCE)} libraries are being scanned already; wait for one to end.`;
      return Promise.reject(new DogearError('scans-at-limit', limit));
    }
    return new Promise((resolve, reject) => {
      const task: Promise<void> = this.#run(library, regenHashes, resolve)
        .catch(reject)
        .finally(() => this.#tasks.delete(task));
      this.#tasks.add(task);
    });
  }

  /** @returns `undefined` for scans that have ended, or run elsewhere */
  live(id: ScanId): LiveScan | undefined {
    return this.#running.get(id)?.live;
  }

  /** Stops a scan of this process between two batches; without effect on others. */
  stop(id: ScanId): void {
    this.#running.get(id)?.stop.abort();
  }

  get size(): number {
    return this.#tasks.size;
  }

  /** Stops all scans and resolves when they have ended. What they committed stays, and the next scan goes on from it. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#tasks);
  }

  /** Rejects only for a scan that did not begin: nobody waits for the end of one that did. */
  async #run(library: Library, regenHashes: boolean, onStart: (id: ScanId) => void): Promise<void> {
    const stop = new AbortController();
    let begun: ScanId | undefined;
    try {
      await this.#options.scan(library, {
        regenHashes,
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
