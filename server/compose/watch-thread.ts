import { Worker } from 'node:worker_threads';
import type { LibraryId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import type { WatchThreadEvent, WatchThreadTask } from './watch-thread-messages.js';

/** How soon a library that was added, or whose root is back, is watched. */
const LOOK_EVERY_MS = 30_000;

export interface WatchThreadOptions {
  readonly libraries: () => Promise<readonly Library[]>;
  readonly onTouched: (id: LibraryId) => void;
  readonly onProblem: (id: LibraryId, text: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Watches the folders of all libraries in a thread of its own, which may hang with the storage. */
export class WatchThread {
  readonly #worker: Worker;
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  constructor({ libraries, onTouched, onProblem, onError }: WatchThreadOptions) {
    this.#worker = new Worker(new URL('./watch-worker.js', import.meta.url));
    this.#worker.on('message', (event: WatchThreadEvent) => {
      if (event.type === 'touched') onTouched(event.id);
      else onProblem(event.id, event.text);
    });
    this.#worker.on('error', onError);
    const look = async (): Promise<void> => {
      try {
        const found = await libraries();
        if (this.#isClosed) return;
        const task: WatchThreadTask = {
          libraries: found.map(({ id, root, extensions, fileRules }) => ({
            id,
            root,
            extensions,
            fileRules,
          })),
        };
        this.#worker.postMessage(task);
      } catch (error) {
        onError(error); // The database is away. The next look finds the libraries.
      }
    };
    this.#timer = setInterval(() => void look(), LOOK_EVERY_MS);
    void look();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#worker.terminate();
  }
}
