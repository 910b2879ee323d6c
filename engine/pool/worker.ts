import type { WorkerResult, WorkerTask } from './messages.js';
import { runTask } from './task-runner.js';
import { WALK_TASK_ENTRIES, WALK_TASK_MS } from './task-sizes.js';

/** Piscina calls this function in a worker thread for each task. */
export default function run(task: WorkerTask): WorkerResult {
  return runTask(task, { maxEntries: WALK_TASK_ENTRIES, maxMs: WALK_TASK_MS });
}
