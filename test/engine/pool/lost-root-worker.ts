import { renameSync, symlinkSync, unlinkSync } from 'node:fs';
import type { WorkerTask } from '../../../engine/pool/messages.js';
import { runTask } from '../../../engine/pool/task-runner.js';

/** The engine's worker on storage whose root cannot be read while it is being listed. */
export default function run(task: WorkerTask): unknown {
  const doTask = (): unknown => runTask(task, { maxEntries: 100, maxMs: 1000 });
  if (task.kind !== 'walk' || task.paths !== '') return doTask();
  const root = Buffer.from(task.root.replace(/\/$/, ''), 'latin1');
  const away = Buffer.concat([root, Buffer.from('-away')]);
  renameSync(root, away);
  symlinkSync(root, root);
  try {
    return doTask();
  } finally {
    unlinkSync(root);
    renameSync(away, root);
  }
}
