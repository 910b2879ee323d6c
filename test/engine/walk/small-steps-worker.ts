import type { WorkerTask } from '../../../engine/pool/messages.js';
import { runTask } from '../../../engine/pool/task-runner.js';

/** The worker of the program, but a walk task ends after three entries: small trees take many tasks. */
export default function run(task: WorkerTask): unknown {
  return runTask(task, { maxEntries: 3, maxMs: 1000 });
}
