import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import type { Md5Kernel } from '../../../../engine/digest/md5-kernel.js';
import { loadMd5Lanes, type Md5Lanes } from '../../../../engine/digest/md5-lanes/md5-lanes.js';

const LONGEST_BYTES = 12_288;
const EVERY_LANES: readonly Md5Lanes[] = [4, 8, 12, 16];

function kernelOf(slots?: number, lanes?: Md5Lanes): Md5Kernel {
  const loaded = loadMd5Lanes(slots, lanes);
  if (loaded.state === 'unavailable') throw new Error(loaded.reason);
  return loaded.kernel;
}

/** The generator of Numerical Recipes. Its numbers are the same in every run, so a failure can be repeated. */
function seededRandom(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** Random bytes. Messages are parts of it. */
const SOURCE = (() => {
  const random = seededRandom(1);
  return Buffer.from(Uint8Array.from({ length: 1 << 20 }, () => random(256)));
})();

function messageFrom(random: (bound: number) => number, length: number): Buffer {
  const start = random(SOURCE.length - length);
  return SOURCE.subarray(start, start + length);
}

function md5(message: Uint8Array): string {
  return createHash('md5').update(message).digest('hex');
}

/** Computes digests with the kernel. Behind the messages, the slots keep what earlier batches left there. */
function digestsOf(kernel: Md5Kernel, messages: readonly Uint8Array[]): string[] {
  messages.forEach((message, slot) => kernel.arena.set(message, slot * kernel.slotBytes));
  const digests = Buffer.alloc(16 * messages.length);
  kernel.digestSlots(
    Uint32Array.from(messages, (message) => message.length),
    messages.length,
    digests,
  );
  return messages.map((_, slot) => digests.toString('hex', 16 * slot, 16 * slot + 16));
}

describe('the SIMD kernel computes what node:crypto computes', () => {
  test('for the vectors of RFC 1321, whose digests are given there', () => {
    const digits = '1234567890'.repeat(8);
    const letters = 'abcdefghijklmnopqrstuvwxyz';
    const messages = ['', 'a', 'abc', 'message digest', letters, digits].map((text) => Buffer.from(text));
    expect(digestsOf(kernelOf(), messages)).toEqual([
      'd41d8cd98f00b204e9800998ecf8427e',
      '0cc175b9c0f1b6a831c399e269772661',
      '900150983cd24fb0d6963f7d28e17f72',
      'f96b697d7cb7938d525a2f31aaf161d0',
      'c3fcd3d76192e4007dfb496cca67e13b',
      '57edf4a22be3c955ac49da2e2107b67a',
    ]);
  });

  test('for every length, 0 to 12,288 bytes, in every lane', () => {
    const kernel = kernelOf(12, 12);
    const random = seededRandom(2);
    const wrong: string[] = [];
    for (let length = 0; length <= LONGEST_BYTES; length++) {
      const messages = Array.from({ length: 12 }, () => messageFrom(random, length));
      const digests = digestsOf(kernel, messages);
      messages.forEach((message, lane) => {
        if (digests[lane] !== md5(message)) wrong.push(`${length} bytes in lane ${lane}`);
      });
    }
    expect(wrong).toEqual([]);
  });

  test('for 100,000 messages of random length, in batches of random size over a used arena', () => {
    const kernel = kernelOf();
    const random = seededRandom(3);
    const wrong: string[] = [];
    let digested = 0;
    while (digested < 100_000) {
      const count = 1 + random(kernel.slots);
      const messages = Array.from({ length: count }, () => messageFrom(random, random(LONGEST_BYTES + 1)));
      const digests = digestsOf(kernel, messages);
      messages.forEach((message, slot) => {
        if (digests[slot] !== md5(message)) wrong.push(`message ${digested + slot}: ${message.length} bytes`);
      });
      digested += count;
    }
    expect(wrong).toEqual([]);
  });

  test.each(EVERY_LANES)('with %i lanes, around every block boundary, for every size of a batch', (lanes) => {
    const kernel = kernelOf(40, lanes);
    expect(kernel.lanes).toBe(lanes);
    const random = seededRandom(lanes);
    // The padding needs another block if the last block has 56 bytes or more.
    const around = [-1, 0, 1, 54, 55, 56, 57, 62];
    const boundary = () => 64 * random(LONGEST_BYTES / 64) + (around[random(around.length)] ?? 0);
    for (let repeat = 0; repeat < 10; repeat++) {
      for (let count = 1; count <= kernel.slots; count++) {
        const messages = Array.from({ length: count }, () => messageFrom(random, Math.max(0, boundary())));
        expect(digestsOf(kernel, messages)).toEqual(messages.map(md5));
      }
    }
  });

  test('with the maximum number of slots, all of them full', () => {
    const kernel = kernelOf(1024);
    const random = seededRandom(4);
    const messages = Array.from({ length: 1024 }, () => messageFrom(random, LONGEST_BYTES));
    expect(digestsOf(kernel, messages)).toEqual(messages.map(md5));
  });

  test('with one slot', () => {
    const kernel = kernelOf(1);
    const longest = SOURCE.subarray(0, LONGEST_BYTES);
    expect(digestsOf(kernel, [longest])).toEqual([md5(longest)]);
    expect(digestsOf(kernel, [])).toEqual([]);
  });
});

describe('the SIMD kernel stays within its memory', () => {
  test('it does not change slots and digests after the last message', () => {
    const kernel = kernelOf(16);
    for (let count = 0; count < kernel.slots; count++) {
      kernel.arena.fill(0xa5);
      const digests = Buffer.alloc(16 * kernel.slots, 0x5a);
      kernel.digestSlots(new Uint32Array(kernel.slots).fill(LONGEST_BYTES), count, digests);
      const restOfArena = kernel.arena.subarray(count * kernel.slotBytes);
      expect(restOfArena.every((byte) => byte === 0xa5)).toBe(true);
      expect(digests.subarray(16 * count).every((byte) => byte === 0x5a)).toBe(true);
    }
  });

  test('two kernels of one thread have separate arenas', () => {
    const [one, other] = [kernelOf(4), kernelOf(4)];
    one.arena.fill(1);
    other.arena.fill(2);
    const lengths = Uint32Array.of(100);
    const digests = Buffer.alloc(16);
    one.digestSlots(lengths, 1, digests);
    expect(digests.toString('hex')).toBe(md5(Buffer.alloc(100, 1)));
  });

  test('it refuses a message that is too long, too many messages, and an invalid number of slots', () => {
    const kernel = kernelOf(4);
    const digests = Buffer.alloc(16 * 5);
    expect(() => kernel.digestSlots(Uint32Array.of(LONGEST_BYTES + 1), 1, digests)).toThrow(RangeError);
    expect(() => kernel.digestSlots(Uint32Array.of(0), 2, digests)).toThrow(RangeError);
    expect(() => kernel.digestSlots(new Uint32Array(5), 5, digests)).toThrow(RangeError);
    expect(() => kernel.digestSlots(new Uint32Array(2), 2, Buffer.alloc(31))).toThrow(RangeError);
    for (const slots of [0, -1, 1.5, 1025, Number.NaN]) expect(() => loadMd5Lanes(slots)).toThrow(RangeError);
  });
});

/** Runs a command and parses the JSON that it prints. */
async function printedBy(command: string, args: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(command, args);
  return JSON.parse(stdout);
}

describe('the SIMD kernel gives the reason if it cannot run', () => {
  const module = new URL('../../../../engine/digest/md5-lanes/md5-lanes.js', import.meta.url).href;
  const script = `import { loadMd5Lanes } from '${module}'; const { state, reason } = loadMd5Lanes();
    console.log(JSON.stringify({ state, reason }));`;
  const node = [process.execPath, '--input-type=module', '--eval', script] as const;

  test('without WebAssembly', async () => {
    const loaded = await printedBy(node[0], ['--jitless', ...node.slice(1)]);
    expect(loaded).toEqual({ state: 'unavailable', reason: expect.stringContaining('without WebAssembly') });
  });

  test.runIf(process.arch === 'x64')('on a processor without the instructions', async () => {
    const loaded = await printedBy(node[0], ['--no-enable-sse4-1', ...node.slice(1)]);
    expect(loaded).toEqual({ state: 'unavailable', reason: expect.stringContaining('no WebAssembly SIMD') });
  });

  test.runIf(process.platform === 'linux')('under a limit on address space', async () => {
    const loaded = await printedBy('sh', ['-c', 'ulimit -v 6000000 && exec "$@"', 'sh', ...node]);
    // Node 24 reserves less, so it may run.
    expect([
      { state: 'ready' },
      { state: 'unavailable', reason: expect.stringContaining('no memory for WebAssembly') },
    ]).toContainEqual(loaded);
  });
});
