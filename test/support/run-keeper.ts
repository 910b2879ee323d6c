import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

// A process of its own that outlives a killed test run just long enough to clean up after it. Its standard input is
// a pipe from the run: when that ends, for whatever reason (SIGKILL included), the processes that the run named are
// killed and the run's folder is removed. Nothing in a temporary database is worth a slow shutdown.
//
// Lines on standard input: `watch PID`, `forget PID`.

const folder = process.argv[2];
if (folder === undefined || !folder.includes('dogear-')) {
  throw new Error('run-keeper: the argument must be a temporary folder of the tests');
}

const watched = new Set<number>();
// Ctrl-C in a terminal reaches every process of the group; the end of the pipe is what counts here.
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

/** A process that was just killed may still write for a moment, and a removal that meets a new file fails. */
const ATTEMPTS = 20;

/** By rm: it takes half the time of Node's own rmSync, and tests leave libraries of 200,000 files and their folders. */
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
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
