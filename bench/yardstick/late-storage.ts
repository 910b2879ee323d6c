import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { THIS_CHECKOUT } from '../checkout.js';
import { killedWithBench, runChild } from '../child-process.js';

/** Far more than a mount takes. */
const MOUNT_DEADLINE_MS = 10_000;
const MOUNT_POLL_MS = 20;
/** Names and states stay known for a second, as a file server's client keeps them. */
const MOUNT_OPTIONS = 'ro,max_threads=200,attr_timeout=1,entry_timeout=1';

export interface LateStorage {
  /** Shows the library. */
  readonly folder: string;
  unmount(): Promise<void>;
}

/**
 * Compiles the file system, once for each state of its source.
 *
 * @throws Error where there is no compiler or no libfuse
 */
export async function lateFileSystem(cacheFolder: string): Promise<string> {
  const source = join(THIS_CHECKOUT.root, 'bench/yardstick/late-file-system.c');
  const state = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  const executable = join(cacheFolder, `late-file-system-${state}`);
  if (existsSync(executable)) return executable;
  const { stdout } = await runChild('pkg-config', ['--cflags', '--libs', 'fuse3']);
  await runChild('cc', ['-O2', '-o', executable, source, ...stdout.trim().split(/\s+/)]);
  return executable;
}

/** Shows a library on storage that answers each question `microseconds` late. */
export async function mountLate(
  executable: string,
  {
    library,
    mountPoint,
    microseconds,
  }: Readonly<Record<'library' | 'mountPoint', string>> & {
    readonly microseconds: number;
  },
): Promise<LateStorage> {
  mkdirSync(mountPoint, { recursive: true });
  const child = spawn(executable, ['-f', '-o', MOUNT_OPTIONS, mountPoint], {
    env: { ...process.env, LATE_FOLDER: library, LATE_MICROSECONDS: String(microseconds) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  killedWithBench(child);
  const ended = once(child, 'close');
  const unmount = async (): Promise<void> => {
    await runChild('fusermount3', ['-u', mountPoint]);
    await ended;
  };
  const expected = readdirSync(library).length;
  for (let waitedMs = 0; readdirSync(mountPoint).length !== expected; waitedMs += MOUNT_POLL_MS) {
    if (child.exitCode !== null || waitedMs > MOUNT_DEADLINE_MS) {
      throw new Error(`the late file system did not mount ${library}`);
    }
    await delay(MOUNT_POLL_MS);
  }
  return { folder: mountPoint, unmount };
}
