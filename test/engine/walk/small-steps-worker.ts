import type { WorkerTask } from '../../../engine/pool/messages.js';
import { runTask } from '../../../engine/pool/task-runner.js';

/** The engine's worker, except that a walk task ends after three entries. So even a small tree takes many tasks. */
export default function run(task: WorkerTask): unknown {
  return runTask(task, { maxEntries: 3, maxMs: 1000 });
}
