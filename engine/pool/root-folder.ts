import { opendir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { EntryBatch } from '../walk/entry-batch.js';
import { errnoOf } from '../walk/failure.js';
import { EngineError, type EngineErrorCode } from './engine-error.js';

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

/** What makes a folder the same folder, as far as the system can tell. */
export interface FolderIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

/** Checks that a walk can begin. The calls are asynchronous: a dead file server must not stop the main thread. */
export async function openRoot(root: Buffer): Promise<FolderIdentity> {
  try {
    const identity = await identityOf(root);
    // Being there is one thing, being allowed to list it another.
    await (await opendir(root)).close();
    return identity;
  } catch (error) {
    throw rootError(errnoOf(error), error);
  }
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
export async function checkRoot(root: Buffer, before: FolderIdentity): Promise<void> {
  let cause: unknown;
  try {
    const now = await identityOf(root);
    if (now.device === before.device && now.inode === before.inode) return;
  } catch (error) {
    cause = error;
  }
  throw rootChanged(cause);
}

function rootChanged(cause: unknown): EngineError {
  return new EngineError('root-changed', 'the root folder was replaced or unmounted during the walk', {
    cause,
  });
}

async function identityOf(root: Buffer): Promise<FolderIdentity> {
  const { dev, ino } = await stat(root, { bigint: true });
  return { device: dev, inode: ino };
}

/** The root ends in a slash, so whatever is not a folder gives ENOTDIR. */
const CODE_OF_ERRNO: Readonly<Record<string, EngineErrorCode>> = {
  ENOENT: 'root-missing',
  ENOTDIR: 'root-not-a-folder',
};

function rootError(errno: string, cause: unknown): EngineError {
  const code = CODE_OF_ERRNO[errno] ?? 'root-unreadable';
  return new EngineError(code, `the root folder cannot be read (${errno})`, { cause });
}
