import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A folder, and processes, that are gone at the latest when the process that made them is gone. */
export interface RunFolder {
  readonly path: string;
  /** The process is killed when this process ends before `forget` was called. */
  watch(processId: number): void;
  forget(processId: number): void;
  /** Kills what is watched, removes the folder and returns when both are done. Idempotent. */
  remove(): Promise<void>;
}

/** Makes a folder, by default in the system's temporary folder, together with the keeper process that removes it. */
export async function createRunFolder(parent = tmpdir()): Promise<RunFolder> {
  // Short: the path of a unix socket inside must stay below 108 bytes.
  const path = await mkdtemp(join(parent, 'dogear-'));
  const script = fileURLToPath(new URL('./run-keeper.js', import.meta.url));
  const keeper = spawn(process.execPath, [script, path], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  // The keeper must not keep this process alive, nor end with its process group.
  keeper.unref();
  const pipe = keeper.stdin;
  // A keeper that died is noticed by `remove`, which checks the exit code.
  pipe.on('error', () => undefined);
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  let removal: Promise<void> | undefined;
  return {
    path,
    watch: (processId) => void pipe.write(`watch ${processId}\n`),
    forget: (processId) => void pipe.write(`forget ${processId}\n`),
    remove: () => (removal ??= endOf(keeper, path)),
  };
}

async function endOf(keeper: ChildProcess, path: string): Promise<void> {
  keeper.ref();
  if (keeper.exitCode === null && keeper.signalCode === null) {
    const exit = once(keeper, 'exit');
    keeper.stdin?.end();
    await exit;
  }
  if (keeper.exitCode !== 0) throw new Error(`the keeper of ${path} failed; look for what it left behind`);
}
