import { closeSync, openSync, statSync } from 'node:fs';
import { type ConsistentRead, readConsistent } from '../digest/consistent-read.js';
import { createNodeCryptoKernel } from '../digest/md5-node-crypto.js';
import { errnoOf, failureOfErrno } from '../failure.js';
import { EngineError } from './engine-error.js';

/**
 * KOReader's partial MD5 of one file, which its sync clients call a document's "binary" digest.
 *
 * **What it is.** The MD5 of at most twelve windows of 1,024 bytes, in this order: at offset 0, and at 1024 · 4^k for
 * k = 0 … 10, that is at 1 KiB, 4 KiB, 16 KiB … 1 GiB. Windows that would begin at or after the end of the file are
 * left out. A window that the end of the file cuts short contributes the bytes that exist. An empty file has the MD5
 * of no bytes. It equals `util.partialMD5` of KOReader (frontend/util.lua at commit fc88887). Pinned by the 114
 * vectors of test/data/partial-md5.json, computed by that function, in test/engine/digest/partial-md5.test.ts.
 *
 * **What it is not.** It is not a content hash: two files that differ only between the windows share it. It is not
 * meant for many files: it blocks the calling thread, so a dead file server blocks it for ever, and it makes a buffer
 * of 96 KiB in every call. Use `Engine.hash` for many files.
 *
 * Symbolic links are followed. All windows come from one state of the file. A file that was changed within the last
 * 20 ms, or that changes during the reads, is read again after a pause of 20 ms, up to three times in all.
 *
 * @param path bytes, or text that is encoded as UTF-8; a relative path starts at the working directory
 * @returns 16 bytes in a new buffer that belongs to the caller
 * @throws EngineError with the code of an `EntryFailure`. Its `cause` is Node's error if the file's state could not
 *   be determined: `vanished`, `link-loop`, `path-too-long`, `unreadable` for a folder on the path, and `io-error`,
 *   also for a path that Node refuses, such as one with a zero byte. There is no `cause` if opening or reading
 *   failed: `unreadable`, `not-regular` for a folder, pipe or device, `io-error`, `changed-while-read`
 * @throws OpenSSL's error where MD5 is forbidden (FIPS mode)
 */
export function partialMd5OfFile(path: Buffer | string): Buffer {
  return digestOfFile(path).partialMd5;
}

export interface FileDigest {
  /** 16 bytes in a new buffer that belongs to the caller. */
  readonly partialMd5: Buffer;
  /** Of the state of the file that was read. */
  readonly sizeBytes: number;
}

/** The partial MD5 of one file and its size; everything else is as for `partialMd5OfFile`. */
export function digestOfFile(path: Buffer | string): FileDigest {
  const kernel = createNodeCryptoKernel();
  const outcome: ConsistentRead = { messageBytes: 0, sizeBytes: 0, modifiedNs: 0n, failure: undefined };
  try {
    const stats = statSync(path, { bigint: true });
    const file = { open: (flags: number): number => openSync(path, flags), close: closeSync };
    readConsistent(file, Number(stats.size), stats.mtimeNs, kernel.arena, 0, outcome);
  } catch (error) {
    const failure = failureOfErrno(errnoOf(error));
    throw new EngineError(failure.code, failure.message, { cause: error });
  }
  if (outcome.failure !== undefined) {
    const failure = failureOfErrno(outcome.failure);
    throw new EngineError(failure.code, failure.message);
  }
  const partialMd5 = Buffer.alloc(16);
  kernel.digestSlots(Uint32Array.of(outcome.messageBytes), 1, partialMd5);
  return { partialMd5, sizeBytes: outcome.sizeBytes };
}
