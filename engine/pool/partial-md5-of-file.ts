import { statSync } from 'node:fs';
import { createNodeCryptoKernel } from '../digest/md5-node-crypto.js';
import { readStable, type StableRead } from '../digest/consistent-read.js';
import { errnoOf, failureOfErrno } from '../walk/failure.js';
import { EngineError } from './engine-error.js';

/**
 * KOReader's partial MD5 of one file: the MD5 of at most twelve windows of 1,024 bytes, at offset 0 and at
 * 1024 · 4^k for k = 0 … 10, up to the first that would begin at or past the end; a window that the end cuts short
 * gives the bytes it has. It is `util.partialMD5` of KOReader (frontend/util.lua at fc88887), and what its sync
 * clients call a document's "binary" digest.
 *
 * Not a hash of the content: two files that differ only between the windows share it. Not for many files either
 * (it blocks, and makes a buffer a call): that is `Engine.hash`. Pinned by the vectors of
 * test/data/partial-md5.json in test/engine/partial-md5.test.ts.
 *
 * @returns 16 bytes; the empty file gives the MD5 of no bytes
 * @throws EngineError with a failure's code (`vanished`, `unreadable`, `not-regular`, `changed-while-read` …); the
 *   `cause` is the operating system's error where there was one
 */
export function partialMd5OfFile(path: Buffer | string): Buffer {
  const kernel = createNodeCryptoKernel();
  const outcome: StableRead = { messageBytes: 0, sizeBytes: 0, modifiedNs: 0n, failure: '' };
  try {
    const stats = statSync(path, { bigint: true });
    readStable(path, Number(stats.size), stats.mtimeNs, kernel.arena, 0, outcome);
  } catch (error) {
    const failure = failureOfErrno(errnoOf(error));
    throw new EngineError(failure.code, failure.message, { cause: error });
  }
  if (outcome.failure !== '') {
    const failure = failureOfErrno(outcome.failure);
    throw new EngineError(failure.code, failure.message);
  }
  const digest = Buffer.alloc(16);
  kernel.digestSlots(Uint32Array.of(outcome.messageBytes), 1, digest);
  return digest;
}
