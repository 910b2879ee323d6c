import { opendirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoOf } from '../failure.js';
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
  const path = Buffer.from(root);
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    // A folder may exist without permission to list it.
    opendirSync(path).closeSync();
    return { device: dev, inode: ino };
  } catch (error) {
    return { errno: errnoOf(error) };
  }
}

/** Throws if the root cannot be listed. To be called before the first batch. */
export function throwUnlessReadable({ errno }: RootState): void {
  if (errno === undefined) return;
  const code = CODE_OF_ERRNO[errno] ?? 'root-unreadable';
  throw new EngineError(code, `the root folder cannot be read (${errno})`);
}

/** Passes the batches of a walk on. If listing the root itself failed, nothing was visited, so it throws instead. */
export async function* unlessRootFailed(batches: AsyncIterable<EntryBatch>): AsyncGenerator<EntryBatch> {
  let isFirst = true;
  for await (const batch of batches) {
    const failure = isFirst && batch.pathAt(0).length === 0 ? batch.failureAt(0) : undefined;
    // The probe before the walk had found it.
    if (failure?.code === 'vanished') throw rootChanged(failure.message);
    if (failure !== undefined) {
      throw new EngineError('root-unreadable', `the root folder cannot be read: ${failure.message}`);
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
  return new EngineError('root-changed', 'the root folder was replaced or unmounted meanwhile', {
    cause,
  });
}

/** The root ends with a slash, so the system returns ENOTDIR for everything that is not a folder. */
const CODE_OF_ERRNO: Readonly<Record<string, EngineErrorCode>> = {
  ENOENT: 'root-missing',
  ENOTDIR: 'root-not-a-folder',
};
