import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Library } from '../library/library.js';

/** Read at a time: large enough that the calls do not count. */
const CHUNK_BYTES = 1024 * 1024;

/** Keeps reading to a number of bytes a second, over all files together. */
export class ReadingPace {
  readonly #bytesPerSecond: number | undefined;
  readonly #startedMs = performance.now();
  #bytes = 0;

  /** @param bytesPerSecond `undefined`: as fast as the storage */
  constructor(bytesPerSecond: number | undefined) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  async wait(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#bytesPerSecond === undefined) return;
    this.#bytes += bytes;
    const dueMs = this.#startedMs + (this.#bytes / this.#bytesPerSecond) * 1000;
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) await delay(waitMs, undefined, { signal });
  }
}

/** The absolute path of a book's file. */
export function fileOfBook({ library, path }: { readonly library: Library; readonly path: Buffer }): Buffer {
  return Buffer.concat([library.root, Buffer.from('/'), path]);
}

/**
 * SHA-256 of a whole file: the time goes into reading it, and everybody can compare it with `sha256sum`.
 *
 * @throws the error of the system; the signal's reason
 */
export async function sha256OfFile(
  file: Buffer,
  { signal, pace }: { readonly signal: AbortSignal; readonly pace?: ReadingPace },
): Promise<Buffer> {
  const hash = createHash('sha256');
  const chunks: AsyncIterable<Buffer> = createReadStream(file, { signal, highWaterMark: CHUNK_BYTES });
  for await (const chunk of chunks) {
    hash.update(chunk);
    await pace?.wait(chunk.length, signal);
  }
  return hash.digest();
}
