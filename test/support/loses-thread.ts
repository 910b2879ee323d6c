/**
 * Loaded into the program with `--import` (worker threads load it too): one thread that answers requests fails, without
 * anybody catching it, as soon as there is the file named in `LOSE_THREAD`, which it removes.
 */
import { rmSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

const LOOK_EVERY_MS = 20;

const file = process.env['LOSE_THREAD'];
const data: unknown = workerData;
if (file !== undefined && !isMainThread && isListenerTask(data)) {
  setInterval(() => {
    try {
      rmSync(file);
    } catch {
      return; // not there yet, or another thread was first
    }
    throw new Error('lost by the test');
  }, LOOK_EVERY_MS).unref();
}

/** Other threads have a port of another kind, or a configuration. */
function isListenerTask(task: unknown): boolean {
  return typeof task === 'object' && task !== null && 'port' in task && 'configuration' in task;
}
