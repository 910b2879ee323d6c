import { lstatSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoOf } from '../failure.js';
import { FolderChain } from '../system/folder-chain.js';
import { systemPath } from '../system/latin1-path.js';
import type { EntryBatch } from '../walk/entry-batch.js';
import { EngineError, type EngineErrorCode } from './engine-error.js';
import type { RootState } from './messages.js';

const SLASH = 0x2f;

/**
 * Makes a root absolute: bytes that end with a slash.
 *
 * @param root bytes, or text that is encoded as UTF-8; a relative one starts at the working directory
 * @throws RangeError if it is empty: a setting without a value must not mean the working directory
 */
export function absoluteRoot(root: Buffer | string): Buffer {
  if (root.length === 0) throw new RangeError('the root folder must not be empty');
  const isAbsolute = typeof root === 'string' || root[0] === SLASH;
  const bytes = typeof root === 'string' ? Buffer.from(resolve(root)) : root;
  const absolute = isAbsolute ? bytes : Buffer.concat([Buffer.from(`${process.cwd()}/`), bytes]);
  return absolute.at(-1) === SLASH ? absolute : Buffer.concat([absolute, Buffer.from('/')]);
}

/** Runs in a worker. Identifies the root, or returns the errno code if it is not a folder that can be listed. */
export function stateOfRoot(root: Uint8Array): RootState {
  const path = Buffer.from(root).toString('latin1');
  const folders = new FolderChain(path, true);
  try {
    return folders.enter('').identity();
  } catch (error) {
    const errno = errnoOf(error);
    return { errno, link: errno === 'ENOTDIR' ? linkOn(path) : undefined };
  } finally {
    folders.close();
  }
}

/** The first link on a path and what it leads to, for people. */
function linkOn(path: string): string | undefined {
  for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
    const part = systemPath(path.slice(0, end));
    try {
      if (lstatSync(part).isSymbolicLink()) {
        return `${part.toString()} is a symbolic link to ${readlinkSync(part)}`;
      }
    } catch {
      return undefined; // It has changed again.
    }
  }
  return undefined;
}

/** Throws if the root cannot be listed. To be called before the first batch. */
export function throwUnlessReadable(state: RootState): void {
  if (state.errno === undefined) return;
  const { errno, link } = state;
  if (link !== undefined) throw new EngineError('root-is-link', link);
  const code = CODE_OF_ERRNO[errno] ?? 'root-unreadable';
  throw new EngineError(code, `the folder cannot be read (${errno})`);
}

/** Passes the batches of a walk on. If listing the root itself failed, nothing was visited, so it throws instead. */
export async function* unlessRootFailed(batches: AsyncIterable<EntryBatch>): AsyncGenerator<EntryBatch> {
  let isFirst = true;
  for await (const batch of batches) {
    const failure = isFirst && batch.pathAt(0).length === 0 ? batch.failureAt(0) : undefined;
    // The probe before the walk had found it, and no link in its place.
    if (failure?.code === 'vanished') throw rootChanged(failure.message);
    if (failure !== undefined) {
      throw new EngineError('root-unreadable', `the folder cannot be read: ${failure.message}`);
    }
    isFirst = false;
    yield batch;
  }
}

/**
 * Throws at the end of a walk if the root is another folder by then. Otherwise, what the walk did not find does not
 * exist.
 */
export function throwIfChanged(now: RootState, before: RootState): void {
  if (now.errno !== undefined) throw rootChanged(now.errno);
  if (before.errno !== undefined || now.device !== before.device || now.inode !== before.inode) {
    throw rootChanged(undefined);
  }
}

function rootChanged(cause: unknown): EngineError {
  return new EngineError('root-changed', 'the folder was replaced or unmounted meanwhile', {
    cause,
  });
}

/** `ENOTDIR` also stands for a link, but then the state says so. */
const CODE_OF_ERRNO: Readonly<Record<string, EngineErrorCode>> = {
  ENOENT: 'root-missing',
  ENOTDIR: 'root-not-a-folder',
};
