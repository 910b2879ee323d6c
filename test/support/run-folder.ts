import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A folder and processes that are removed and killed, at the latest when the process that made them ends. */
export interface RunFolder {
  readonly path: string;
  /** Kills the process when this process ends, unless `forget` was called before. Negative: its whole group. */
  watch(processId: number): void;
  forget(processId: number): void;
  /** Kills the watched processes and removes the folder. Resolves when both are done. Idempotent. */
  remove(): Promise<void>;
}

/** Makes a folder, by default in the system's temporary folder, and starts the process that removes it (run-reaper.ts). */
export async function createRunFolder(parent = tmpdir()): Promise<RunFolder> {
  // A short name: the path of a Unix socket inside must stay below 108 bytes.
  const path = await mkdtemp(join(parent, 'dogear-'));
  const script = fileURLToPath(new URL('./run-reaper.js', import.meta.url));
  const reaper = spawn(process.execPath, [script, path], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  // The reaper must not keep this process running. It is detached, so that it does not end with this process's group.
  reaper.unref();
  const pipe = reaper.stdin;
  // `remove` checks the exit code, so it reports a reaper that has died.
  pipe.on('error', () => undefined);
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  let removal: Promise<void> | undefined;
  return {
    path,
    watch: (processId) => void pipe.write(`watch ${processId}\n`),
    forget: (processId) => void pipe.write(`forget ${processId}\n`),
    remove: () => (removal ??= endOf(reaper, path)),
  };
}

async function endOf(reaper: ChildProcess, path: string): Promise<void> {
  reaper.ref();
  if (reaper.exitCode === null && reaper.signalCode === null) {
    const exit = once(reaper, 'exit');
    reaper.stdin?.end();
    await exit;
  }
  if (reaper.exitCode !== 0) throw new Error(`run-reaper.ts failed; ${path} or its processes may be left`);
}
