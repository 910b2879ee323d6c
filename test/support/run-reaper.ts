import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { errorCode } from '../../server/domain/error-text.js';

// A separate process that cleans up after a run of tests or benchmarks, even when the run is killed. Its standard input
// is a pipe from the run. When the pipe ends, for whatever reason (SIGKILL included), the reaper kills the processes
// that the run named and removes the run's folder. Temporary databases need no orderly shutdown.
//
// Lines on standard input: `watch PID`, `forget PID`.

const folder = process.argv[2];
if (folder === undefined || !folder.includes('dogear-')) {
  throw new Error('run-reaper: the argument must be a temporary folder of the tests');
}

const watched = new Set<number>();
// Ctrl-C in a terminal reaches all processes of the group. The reaper must stay until the pipe ends.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('SIGHUP', () => undefined);

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [verb, processId] = line.split(' ');
  if (verb === 'watch') watched.add(Number(processId));
  else if (verb === 'forget') watched.delete(Number(processId));
});
lines.on('close', () => {
  for (const processId of watched) killIfAlive(processId);
  removeFolder(folder);
});

/** A killed process may still write for a moment, and removing a folder fails when a file appears in it. */
const ATTEMPTS = 20;

/** Runs rm, which takes half the time of Node's rmSync: tests leave libraries of 200,000 files and their folders. */
function removeFolder(path: string): void {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (spawnSync('rm', ['-rf', '--', path], { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  throw new Error(`${path} could not be removed`);
}

function killIfAlive(processId: number): void {
  try {
    process.kill(processId, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}
