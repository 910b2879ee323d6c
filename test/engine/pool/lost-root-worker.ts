import type { WorkerTask } from '../../../engine/pool/messages.js';
import { runTask } from '../../../engine/pool/task-runner.js';

/** The engine's worker on storage whose root cannot be read while it is being listed. */
export default function run(task: WorkerTask): unknown {
  const isRootListed = task.kind === 'walk' && task.paths === '';
  // A name that no file system has: the system answers ENAMETOOLONG.
  const given = isRootListed ? { ...task, root: `${task.root}${'n'.repeat(300)}/` } : task;
  return runTask(given, { maxEntries: 100, maxMs: 1000 });
}
