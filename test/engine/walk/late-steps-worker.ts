import type { WorkerTask } from '../../../engine/pool/messages.js';
import { runTask } from '../../../engine/pool/task-runner.js';

const cell = new Int32Array(new SharedArrayBuffer(4));

/** The engine's worker on storage that takes 60 ms for each step of a walk. */
export default function run(task: WorkerTask): unknown {
  if (task.kind === 'walk') Atomics.wait(cell, 0, 0, 60);
  return runTask(task, { maxEntries: 1, maxMs: 1000 });
}
