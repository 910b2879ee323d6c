import { closeSync, openSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { FileResult, FileTask } from '../../../server/compose/book-file-threads.js';

/** Does to its thread what the path of a request says: `hangs`, `dies`, `/pipe` (hangs, and cannot be ended), or else it answers. */
parentPort?.on('message', ({ id, request }: FileTask) => {
  const path = Buffer.from(request.path).toString();
  if (path === 'dies') throw new Error('it dies');
  if (path.startsWith('/')) closeSync(openSync(path, 'r'));
  if (path === 'hangs') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  parentPort?.postMessage({
    id,
    outcome: { state: 'read', bytes: Buffer.from(path) },
  } satisfies FileResult);
});
