import type { WorkerTask } from '../../../engine/pool/messages.js';
import { runTask } from '../../../engine/pool/task-runner.js';

const cell = new Int32Array(new SharedArrayBuffer(4));

/** The engine's worker on storage that takes 20 ms a file. It checks the cancel cell before each file. */
export default function run(task: WorkerTask): unknown {
  const beganMs = performance.now();
  if (task.kind === 'hash') {
    for (let file = 0; file < task.files.pathEnds.length && Atomics.load(task.cancel, 0) === 0; file += 1) {
      Atomics.wait(cell, 0, 0, 20);
    }
  }
  const result = runTask(task, { maxEntries: 100, maxMs: 1000 });
  return result.kind === 'hash' ? { ...result, elapsedMs: performance.now() - beganMs } : result;
}
