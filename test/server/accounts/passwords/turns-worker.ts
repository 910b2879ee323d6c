import { parentPort, workerData } from 'node:worker_threads';
import { setTimeout as delay } from 'node:timers/promises';
import { ConcurrencyLimit } from '../../../../server/accounts/passwords/concurrency-limit.js';
import { SharedTurns } from '../../../../server/accounts/passwords/shared-turns.js';

export interface TurnsTask {
  readonly turns: SharedArrayBuffer;
  /** How many tasks run now in all threads, and the most that did. */
  readonly running: SharedArrayBuffer;
  readonly concurrency: number;
  readonly maxWaiting: number;
  readonly tasks: number;
}

/** Runs tasks under a limit that is shared with other threads. Posts how many were done and how many were refused. */
async function runTasks({ turns, running, concurrency, maxWaiting, tasks }: TurnsTask): Promise<void> {
  const limit = new ConcurrencyLimit({ concurrency, maxWaiting, turns: new SharedTurns(turns) });
  const cells = new Int32Array(running);
  const work = async (): Promise<void> => {
    const now = Atomics.add(cells, 0, 1) + 1;
    if (now > Atomics.load(cells, 1)) Atomics.store(cells, 1, now);
    await delay(2);
    Atomics.sub(cells, 0, 1);
  };
  const started = Array.from({ length: tasks }, () => limit.tryRun(work));
  const done = started.filter((task) => task !== undefined);
  await Promise.all(done);
  parentPort?.postMessage({ done: done.length, refused: started.length - done.length });
}

// Only shared-turns.test.ts starts this thread.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
await runTasks(workerData as TurnsTask);
