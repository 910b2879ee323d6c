import { opendirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { EntryBatch } from '../walk/entry-batch.js';
import { errnoOf } from '../walk/failure.js';
import { EngineError, type EngineErrorCode } from './engine-error.js';
import type { RootState } from './messages.js';

const SLASH = 0x2f;

/**
 * An absolute root as bytes, with a slash at its end.
 *
 * @param root bytes are taken as they are, text as UTF-8; a relative one starts at the working directory
 */
export function absoluteRoot(root: Buffer | string): Buffer {
  const isAbsolute = typeof root === 'string' || root[0] === SLASH;
  const bytes = typeof root === 'string' ? Buffer.from(resolve(root)) : root;
  const absolute = isAbsolute ? bytes : Buffer.concat([Buffer.from(`${process.cwd()}/`), bytes]);
  return absolute.at(-1) === SLASH ? absolute : Buffer.concat([absolute, Buffer.from('/')]);
}

/** Runs in a worker: a look at the root, which is there, a folder, and may be listed. */
export function stateOfRoot(root: Uint8Array): RootState {
  const path = Buffer.from(root);
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    // Being there is one thing, being allowed to list it another.
    opendirSync(path).closeSync();
    return { device: dev, inode: ino };
  } catch (error) {
    return { errno: errnoOf(error) };
  }
}

/** Checks that a walk can begin. */
export function throwUnlessOpen({ errno }: RootState): void {
  if (errno === undefined) return;
  const code = CODE_OF_ERRNO[errno] ?? 'root-unreadable';
  throw new EngineError(code, `the root folder cannot be read (${errno})`);
}

/** Passes a walk's batches on, and throws in place of the failure to list the root itself: nothing was looked at then. */
export async function* unlessRootFailed(batches: AsyncIterable<EntryBatch>): AsyncGenerator<EntryBatch> {
  let isFirst = true;
  for await (const batch of batches) {
    const failure = isFirst && batch.pathAt(0).length === 0 ? batch.failureAt(0) : undefined;
    // It was there a moment ago.
    if (failure?.code === 'vanished') throw rootChanged(failure.message);
    if (failure !== undefined) {
      throw new EngineError('root-unreadable', `the root folder cannot be read: ${failure.message}`);
    }
    isFirst = false;
    yield batch;
  }
}

/** Checks at a walk's end that the root is what it was, so that what was not found is really not there. */
export function throwIfChanged(now: RootState, before: RootState): void {
  if (now.errno !== undefined) throw rootChanged(now.errno);
  if (before.errno !== undefined || now.device !== before.device || now.inode !== before.inode) {
    throw rootChanged(undefined);
  }
}

function rootChanged(cause: unknown): EngineError {
  return new EngineError('root-changed', 'the root folder was replaced or unmounted during the walk', {
    cause,
  });
}

/** The root ends in a slash, so whatever is not a folder gives ENOTDIR. */
const CODE_OF_ERRNO: Readonly<Record<string, EngineErrorCode>> = {
  ENOENT: 'root-missing',
  ENOTDIR: 'root-not-a-folder',
};
