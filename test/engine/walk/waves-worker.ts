import type { WorkerTask } from '../../../engine/pool/messages.js';
import { runTask } from '../../../engine/pool/task-runner.js';

/** The engine's worker, except that it visits folders in waves, as it does on storage that answers late. */
export default function run(task: WorkerTask): unknown {
  const limits = { maxEntries: 3, maxMs: 1000 };
  return runTask(task.kind === 'walk' ? { ...task, inWaves: true } : task, limits);
}
