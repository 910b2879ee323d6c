import type { WorkerTask } from '../../../engine/pool/messages.js';
import { runTask } from '../../../engine/pool/task-runner.js';

const HANG_MS = 1500;
const cell = new Int32Array(new SharedArrayBuffer(4));

/** The engine's worker on storage where a task takes 1.5 s longer if it has a file with `hang` in its path. */
export default function run(task: WorkerTask): unknown {
  if (task.kind === 'hash' && Buffer.from(task.files.pathBytes).includes('hang'))
    Atomics.wait(cell, 0, 0, HANG_MS);
  return runTask(task, { maxEntries: 100, maxMs: 1000 });
}
