import type { ChildProcess } from 'node:child_process';

const children = new Set<ChildProcess>();
let isBound = false;

/** Binds a child to this process: however this ends, the child does not outlive it. */
export function killedWithBench(child: ChildProcess): void {
  // One listener for all of them: many at a time look like a leak to Node.
  if (!isBound) {
    isBound = true;
    process.once('exit', () => {
      for (const running of children) running.kill('SIGKILL');
    });
  }
  children.add(child);
  child.once('close', () => children.delete(child));
}
