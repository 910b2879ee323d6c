import { constants, fstatSync, readSync } from 'node:fs';
import { errnoOf } from '../failure.js';
import { FolderChain } from '../system/folder-chain.js';
import { PATH_SEPARATOR, type RootState, type SmallFileResult } from './messages.js';
import type { ScheduledTask, TaskScheduler, TaskSource } from './task-scheduler.js';

// Questions to the file system that take one task each. They are answered by the worker threads because a dead file
// server may never answer. Node's synchronous calls would then block the main thread. Its asynchronous calls would
// each keep one of libuv's four threads, which password hashing and name look-ups of the whole process need.

/** @param root absolute, bytes, ends with a slash */
export function probeRoot(scheduler: TaskScheduler, root: Uint8Array): Promise<RootState> {
  return new Promise((resolve, reject) => {
    schedule(scheduler, {
      kind: 'root-probe',
      task: { kind: 'root-probe', root },
      done: ({ state }) => resolve(state),
      fail: reject,
    });
  });
}

/**
 * @param root absolute, bytes, ends with a slash
 * @returns for each path, whether it is gone (see `isGone`)
 */
export function probePaths(
  scheduler: TaskScheduler,
  root: Buffer,
  paths: readonly Buffer[],
  followLinks: boolean,
): Promise<readonly boolean[]> {
  if (paths.length === 0) return Promise.resolve([]);
  const joined = paths.map((path) => path.toString('latin1')).join(PATH_SEPARATOR);
  return new Promise((resolve, reject) => {
    schedule(scheduler, {
      kind: 'path-probe',
      task: { kind: 'path-probe', root: root.toString('latin1'), paths: joined, followLinks },
      done: ({ isGone: answers }) => resolve(answers),
      fail: reject,
    });
  });
}

/** @param root absolute, latin1, ends with a slash */
export function readFileOfRoot(
  scheduler: TaskScheduler,
  root: string,
  name: string,
): Promise<SmallFileResult['found']> {
  return new Promise((resolve, reject) => {
    schedule(scheduler, {
      kind: 'small-file',
      task: { kind: 'small-file', root, name },
      done: ({ found }) => resolve(found),
      fail: reject,
    });
  });
}

function schedule(scheduler: TaskScheduler, scheduled: ScheduledTask): void {
  const source: TaskSource = {
    nextTask: () => {
      scheduler.remove(source);
      return scheduled;
    },
  };
  scheduler.add(source);
}

/**
 * Runs in a worker. Whether nothing exists at a path any more, not even a symbolic link that leads nowhere. What a link
 * to a folder leads to is not there, as for a walk. If the system gives any other answer than "does not exist" (no
 * permission, a mount that does not answer), the path counts as existing.
 *
 * @param path relative to the root, latin1
 */
export function isGone(folders: FolderChain, path: string): boolean {
  const nameStart = path.lastIndexOf('/') + 1;
  try {
    return !folders.enter(path.slice(0, nameStart)).has(path.slice(nameStart));
  } catch (error) {
    // ENOTDIR: a folder on the path was replaced by something else.
    return GONE.has(errnoOf(error));
  }
}

const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

/** Far more than patterns that somebody has written. */
const SMALL_FILE_BYTES = 65_536;

/** Runs in a worker. UTF-8; errors: an errno code, `EFBIG` for a file of more than 64 KB, `not-regular`. */
export function readRootFile(root: string, name: string): SmallFileResult['found'] {
  const folders = new FolderChain(root, false);
  try {
    const folder = folders.enter('');
    // A pipe of this name must not block the thread.
    const descriptor = folder.openFile(name, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!fstatSync(descriptor).isFile()) return { errno: 'not-regular' };
      const bytes = Buffer.alloc(SMALL_FILE_BYTES + 1);
      let length = 0;
      for (let read = 1; read > 0 && length < bytes.length; length += read) {
        read = readSync(descriptor, bytes, length, bytes.length - length, null);
      }
      if (length > SMALL_FILE_BYTES) return { errno: 'EFBIG' };
      return { text: bytes.toString('utf8', 0, length).replace(/^\ufeff/, '') };
    } finally {
      folder.closeFile(descriptor);
    }
  } catch (error) {
    const errno = errnoOf(error);
    return errno === 'ENOENT' ? undefined : { errno };
  } finally {
    folders.close();
  }
}
