import type { WorkerTask } from '../../../engine/pool/messages.js';
import { runTask } from '../../../engine/pool/task-runner.js';

/** The engine's worker, except that a hash task ends the thread. */
export default function run(task: WorkerTask): unknown {
  if (task.kind === 'hash') process.exit(3);
  return runTask(task, { maxEntries: 100, maxMs: 1000 });
}
