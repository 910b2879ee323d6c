import { openSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

/** The parameters of the thread that rewrites a file continuously. */
export interface RestlessWriterData {
  readonly path: string;
  /** Set [0] to 1 to stop the thread. */
  readonly stop: Int32Array;
  /** The pause after each complete rewrite of the file. */
  readonly restMs: number;
}

export const GENERATIONS = 64;

const WINDOW_OFFSETS = [0, ...Array.from({ length: 11 }, (_, power) => 1024 * 4 ** power)];

// Rewrites the windows of a file in place, one after the other. Every byte is the number of the generation.
if (parentPort) {
  const { path, stop, restMs }: RestlessWriterData = workerData;
  const fd = openSync(path, 'r+');
  for (let generation = 0; Atomics.load(stop, 0) === 0; generation = (generation + 1) % GENERATIONS) {
    const window = new Uint8Array(1024).fill(generation);
    for (const offset of WINDOW_OFFSETS) writeSync(fd, window, 0, 1024, offset);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origins
    if (generation === 1) parentPort.postMessage('writing');
    if (restMs > 0) Atomics.wait(stop, 0, 0, restMs);
  }
}
