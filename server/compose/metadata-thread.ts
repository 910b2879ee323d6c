import { Worker } from 'node:worker_threads';
import type { Configuration } from '../../config/schema.js';
import { LookAfterCommits } from '../database/look-after-commits.js';
import type { OpenStore } from '../database/store.js';
import type { LibraryId } from '../domain/ids.js';
import { isAnyPassRunning, librariesWithUnreadMetadata } from '../scan/metadata-due.js';

/** The `workerData` of the thread. */
export interface MetadataThreadTask {
  readonly database: Configuration['database'];
  readonly libraryIds: readonly LibraryId[];
  readonly readsEpubs: boolean;
}

/** To the thread: it ends after the book that it reads. */
export interface MetadataThreadStop {
  readonly type: 'stop';
}

/** From the thread, when something went wrong: with one book, or so that the thread ends. */
export interface MetadataThreadFailure {
  readonly message: string;
}

/**
 * How soon after a scan, in this process or another, the metadata of its books is read. The look reads a few rows of each
 * library.
 */
const LOOK_EVERY_MS = 15_000;
/** A file on storage that hangs keeps the thread for ever. What it has committed stays. */
const STOP_WITHIN_MS = 2000;

export interface MetadataThreadOptions {
  readonly store: OpenStore;
  readonly database: Configuration['database'];
  /** Whether titles, authors and the like are read; the forms of names are made in any case. */
  readonly readsEpubs: boolean;
  readonly onError: (error: unknown) => void;
  /** Default: {@link LOOK_EVERY_MS}. */
  readonly lookEveryMs?: number;
}

/**
 * Reads the metadata of EPUBs after scans, and makes the forms of the names of all books, in a thread of its own that
 * ends when all is read: files are read synchronously, and parsing one takes a millisecond.
 */
export class MetadataThread {
  readonly #options: MetadataThreadOptions;
  readonly #looks: LookAfterCommits;
  readonly #timer: NodeJS.Timeout;
  #worker: Worker | undefined;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: MetadataThreadOptions) {
    this.#options = options;
    this.#looks = new LookAfterCommits(options.store);
    this.#timer = setInterval(() => this.#look(), options.lookEveryMs ?? LOOK_EVERY_MS);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#looking;
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage({ type: 'stop' } satisfies MetadataThreadStop);
    const timer = setTimeout(() => void worker.terminate(), STOP_WITHIN_MS);
    await ended;
    clearTimeout(timer);
  }

  #look(): void {
    if (this.#worker !== undefined) return;
    this.#looking ??= this.#looks
      .look(() => this.#startIfDue())
      .catch(this.#options.onError)
      .finally(() => {
        this.#looking = undefined;
      });
  }

  /** @returns whether nothing is to be read before something is committed */
  async #startIfDue(): Promise<boolean> {
    // Asked first: a pass that a killed program has left may run out between the two.
    const isRunning = await isAnyPassRunning(this.#options.store);
    const libraryIds = await librariesWithUnreadMetadata(this.#options.store);
    if (libraryIds.length === 0 || this.#isClosed) return !isRunning;
    const { database, readsEpubs } = this.#options;
    const task: MetadataThreadTask = { database, readsEpubs, libraryIds };
    const worker = new Worker(new URL('./metadata-worker.js', import.meta.url), { workerData: task });
    this.#worker = worker;
    worker.on('message', ({ message }: MetadataThreadFailure) => this.#options.onError(new Error(message)));
    worker.on('error', this.#options.onError);
    worker.on('exit', () => {
      this.#worker = undefined;
    });
    return false;
  }
}
