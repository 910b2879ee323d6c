import { Worker } from 'node:worker_threads';
import type { LibraryId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import type { WatchThreadEvent, WatchThreadTask } from './watch-thread-messages.js';

/** How soon a library that was added, or whose root is back, is watched, and how soon a thread that ended is replaced. */
const LOOK_EVERY_MS = 30_000;

export interface WatchThreadOptions {
  readonly libraries: () => Promise<readonly Library[]>;
  readonly onTouched: (id: LibraryId, paths: readonly string[] | undefined) => void;
  readonly onProblem: (id: LibraryId, text: string) => void;
  readonly onError: (error: unknown) => void;
  /** For tests. */
  readonly worker?: URL;
  readonly lookEveryMs?: number;
}

/** Watches the folders of all libraries in a thread of its own, which may hang with the storage. */
export class WatchThread {
  readonly #options: WatchThreadOptions;
  readonly #timer: NodeJS.Timeout;
  #worker: Worker | undefined;
  #isClosed = false;

  constructor(options: WatchThreadOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), options.lookEveryMs ?? LOOK_EVERY_MS);
    void this.#look();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#worker?.terminate();
  }

  /** A thread that is new tells of every library as touched: nobody knows what happened before. */
  async #look(): Promise<void> {
    try {
      const found = await this.#options.libraries();
      if (this.#isClosed) return;
      const task: WatchThreadTask = {
        libraries: found.map(({ id, root, extensions, fileRules }) => ({
          id,
          root,
          extensions,
          fileRules,
        })),
      };
      this.#worker ??= this.#start();
      this.#worker.postMessage(task);
    } catch (error) {
      this.#options.onError(error); // The database is away. The next look finds the libraries.
    }
  }

  #start(): Worker {
    const { onTouched, onProblem, onError } = this.#options;
    const worker = new Worker(this.#options.worker ?? new URL('./watch-worker.js', import.meta.url));
    worker.on('message', (event: WatchThreadEvent) => {
      if (event.type === 'touched') onTouched(event.id, event.paths);
      else onProblem(event.id, event.text);
    });
    worker.on('error', onError);
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    return worker;
  }
}
