import { parentPort } from 'node:worker_threads';
import type { WatchThreadEvent, WatchThreadTask } from '../../../server/compose/watch-thread-messages.js';

// Tells of the first library as touched, and dies.
parentPort?.once('message', ({ libraries: [library] }: WatchThreadTask) => {
  if (library !== undefined) {
    parentPort?.postMessage({ type: 'touched', id: library.id, paths: undefined } satisfies WatchThreadEvent);
  }
  throw new Error('the watch is dead');
});
