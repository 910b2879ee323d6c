import { createRequire } from 'node:module';
import type * as PiscinaPackage from 'piscina';

const require = createRequire(import.meta.url);

export interface PiscinaPoolOptions {
  /** The module whose default export each thread calls for a task. */
  readonly workerFile: URL;
  /** How many threads may work at a time, now. It may change while the pool runs. */
  readonly maxThreads: () => number;
  /** How many tasks a thread may have: one that it works on, the others waiting in the thread. */
  readonly tasksPerThread: number;
  /** A thread that had no task for this long is ended. */
  readonly idleThreadMs: number;
  /** Called when a thread could not start. Tasks that wait for a thread may then wait for ever. */
  readonly onStartFailed: (cause: unknown) => void;
}

/**
 * A pool of worker threads whose size can change while it runs. This file is the only one that knows Piscina.
 *
 * Piscina is made for a fixed size. This file relies on details of it that its documentation does not promise, so
 * package.json pins its exact version and test/engine/pool/piscina-pool.test.ts fails if a new version behaves
 * otherwise:
 *
 * - `piscina.options.maxThreads` may be set while the pool runs, and is read again for every task.
 * - The load balancer is called for every task, with the threads that have started (for a task that was queued, with
 *   all threads). `currentUsage` is the number of tasks that a thread has. If the balancer returns null, Piscina queues
 *   the task, starts another thread if there are fewer than `maxThreads`, and calls it again when a thread has started
 *   or a task is done.
 * - A thread that cannot start is reported by the event `error`, and by nothing else.
 * - `workerCreate` is emitted when a thread has started, not when it was created.
 *
 * Piscina's own events `drain` and `needsDrain` are not used: they are computed from the `maxThreads` that the pool
 * was made with.
 */
export class PiscinaPool<Task, Result> {
  private piscina: PiscinaPackage.Piscina<Task, Result> | undefined;
  private readonly options: PiscinaPoolOptions;
  private started = 0;

  constructor(options: PiscinaPoolOptions) {
    this.options = options;
  }

  private makePiscina(): PiscinaPackage.Piscina<Task, Result> {
    const { options } = this;
    const { maxThreads, tasksPerThread } = options;
    // Loaded for the first task: that takes 10 ms, which whoever hashes a single file need not wait, and a megabyte.
    const loaded: typeof PiscinaPackage = require('piscina');
    const piscina = new loaded.Piscina<Task, Result>({
      filename: options.workerFile.href,
      minThreads: 0,
      maxThreads: maxThreads(),
      concurrentTasksPerWorker: tasksPerThread,
      // First every thread that may work gets one task, then each gets more. Piscina's own balancer has no limit on the
      // threads that work: after `maxThreads` was lowered it would go on to use all threads that are still alive.
      loadBalancer: (_task, workers) => {
        const max = maxThreads();
        const busy = workers.filter(({ currentUsage }) => currentUsage > 0);
        if (busy.length < max) {
          const idle = workers.find(({ currentUsage }) => currentUsage === 0);
          if (idle || workers.length < max) return idle ?? null;
        }
        return busy.find(({ currentUsage }) => currentUsage < tasksPerThread) ?? null;
      },
      idleTimeout: options.idleThreadMs,
      recordTiming: false,
      // A task leaves nothing in memory but its result, so a small young generation is enough. It doubles the number of
      // minor garbage collections and saves 1.5 MB a thread.
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    piscina.on('workerCreate', () => {
      this.started += 1;
    });
    piscina.on('workerDestroy', () => {
      this.started -= 1;
    });
    piscina.on('error', options.onStartFailed);
    return piscina;
  }

  /** The number of threads that are alive, those that are still starting included. */
  get threads(): number {
    return this.piscina?.threads.length ?? 0;
  }

  /** The number of threads that have started. */
  get startedThreads(): number {
    return this.started;
  }

  /** @returns the result of the task; rejects if the task throws or its thread ends before it is done */
  run(task: Task): Promise<Result> {
    // Must be up to date before each task. If it is too high, Piscina starts another thread for every task that comes
    // while the first threads are still starting; if it is too low, it starts none.
    this.piscina ??= this.makePiscina();
    this.piscina.options.maxThreads = this.options.maxThreads();
    return this.piscina.run(task);
  }

  /** Calls `action` once a thread has ended. The thread must be alive. */
  onceThreadEnded(threadId: number, action: () => void): void {
    const thread = this.piscina?.threads.find((worker) => worker.threadId === threadId);
    thread?.once('exit', action);
  }

  /**
   * Ends all threads, also in the middle of a task, and rejects the tasks that are not done. Resolves when they have
   * ended.
   */
  async destroy(): Promise<void> {
    await this.piscina?.destroy();
  }
}
