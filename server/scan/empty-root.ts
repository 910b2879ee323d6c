import { opendir } from 'node:fs/promises';
import { DogearError } from '../domain/dogear-error.js';
import type { Library } from '../library/library.js';
import type { ScanShard } from './scan.js';

/**
 * A root without a single book, where books were before, is far more often a disk that is not mounted than a
 * library that was emptied. A part of a library may well run empty, so there the root itself has to be.
 */
export async function refuseEmptyRoot(library: Library, shard: ScanShard): Promise<void> {
  if (shard.count > 1 && !(await isEmpty(library.root))) return;
  throw new DogearError(
    'root-empty',
    `The folder ${library.root.toString()} of the library "${library.name}" holds no book any more. ` +
      'Is its disk mounted? Nothing was changed.',
  );
}

/** Asynchronous, because storage that does not answer must not stop the scan's heartbeat. */
async function isEmpty(folder: Buffer): Promise<boolean> {
  const entries = await opendir(folder);
  try {
    return (await entries.read()) === null;
  } finally {
    await entries.close();
  }
}
