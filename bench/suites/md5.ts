import { hash, randomFillSync } from 'node:crypto';
import type { Bench } from 'tinybench';
import type { Md5Kernel } from '../../engine/digest/md5-kernel.js';
import { loadMd5Lanes, type Md5Lanes } from '../../engine/digest/md5-lanes/md5-lanes.js';
import { newBench } from './micro-bench.js';

const BATCH_MESSAGES = 96;
const SAMPLE_BYTES = 1024;
const DIGEST_BYTES = 16;
const LANES: readonly Md5Lanes[] = [4, 8, 12, 16];

/** The lengths of one batch of messages. They are the same in every run. */
export interface Md5Mix {
  readonly name: 'books' | 'one-length' | 'any-length';
  readonly lengths: Uint32Array;
  readonly totalBytes: number;
}

/** A typical library: books of 0.2–240 MB, whose partial MD5 takes 5 to 10 samples, 7.0 on average. */
const BOOK_SAMPLES: readonly { readonly samples: number; readonly perHundred: number }[] = [
  { samples: 5, perHundred: 4 },
  { samples: 6, perHundred: 28 },
  { samples: 7, perHundred: 40 },
  { samples: 8, perHundred: 20 },
  { samples: 9, perHundred: 6 },
  { samples: 10, perHundred: 2 },
];

export const MD5_MIXES: readonly Md5Mix[] = [
  mix('books', bookLength),
  mix('one-length', () => 8 * SAMPLE_BYTES),
  mix('any-length', (message) => (message * 7919) % (12 * SAMPLE_BYTES + 1)),
];

function mix(name: Md5Mix['name'], lengthOf: (message: number) => number): Md5Mix {
  const lengths = Uint32Array.from({ length: BATCH_MESSAGES }, (_, message) => lengthOf(message));
  return { name, lengths, totalBytes: lengths.reduce((total, length) => total + length, 0) };
}

/** Spreads the shares of BOOK_SAMPLES over the batch; one message in a hundred ends in a short sample. */
function bookLength(message: number): number {
  let place = (message * 61) % 100;
  const share = BOOK_SAMPLES.find(({ perHundred }) => (place -= perHundred) < 0);
  const bytes = (share?.samples ?? 7) * SAMPLE_BYTES;
  return message % 100 === 50 ? bytes - 300 : bytes;
}

/**
 * MD5 of a batch of 96 messages, on this thread: `node:crypto` one by one against the SIMD kernel by lanes, for
 * each mix. One iteration is one batch, so a task's throughput is `totalBytes` of its mix times its iterations
 * a second. A task is named `<mix>/<node-crypto or wasm-simd-LANES>`. Both sides write into a digest buffer, and
 * their digests are compared before anything is measured.
 *
 * @param timeMs of measurement for each of the twelve tasks
 * @throws Error where the SIMD kernel is unavailable or a digest is wrong
 */
export function md5Bench(timeMs: number): Bench {
  const bench = newBench('md5', timeMs);
  const kernels = LANES.map(kernelWith);
  const digests = new Uint8Array(BATCH_MESSAGES * DIGEST_BYTES);
  for (const { name, lengths } of MD5_MIXES) {
    for (const kernel of kernels) {
      hold(kernel, lengths);
      bench.add(`${name}/wasm-simd-${kernel.lanes}`, () =>
        kernel.digestSlots(lengths, lengths.length, digests),
      );
    }
    const messages = messagesOf(kernelWith(4), lengths);
    bench.add(`${name}/node-crypto`, () => digestOneByOne(messages, digests));
  }
  return bench;
}

function kernelWith(lanes: Md5Lanes): Md5Kernel {
  const loaded = loadMd5Lanes(BATCH_MESSAGES, lanes);
  if (loaded.state === 'unavailable') throw new Error(`No SIMD kernel to measure: ${loaded.reason}`);
  randomFillSync(loaded.kernel.arena);
  return loaded.kernel;
}

/** Views of the slots. */
function messagesOf(kernel: Md5Kernel, lengths: Uint32Array): Uint8Array[] {
  return Array.from(lengths, (length, slot) => {
    const start = slot * kernel.slotBytes;
    return kernel.arena.subarray(start, start + length);
  });
}

function digestOneByOne(messages: readonly Uint8Array[], digests: Uint8Array): void {
  messages.forEach((message, slot) => digests.set(hash('md5', message, 'buffer'), slot * DIGEST_BYTES));
}

function hold(kernel: Md5Kernel, lengths: Uint32Array): void {
  const expected = new Uint8Array(lengths.length * DIGEST_BYTES);
  const digests = new Uint8Array(lengths.length * DIGEST_BYTES);
  digestOneByOne(messagesOf(kernel, lengths), expected);
  kernel.digestSlots(lengths, lengths.length, digests);
  if (Buffer.compare(digests, expected) !== 0) throw new Error(`Wrong digests with ${kernel.lanes} lanes`);
}
