import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

import type { Md5Kernel } from '../md5-kernel.js';

/**
 * How many messages are digested side by side, four in each vector. Throughput in GB/s on one core, for batches of 96
 * messages of books (7.0 KiB on average):
 *
 * - 4 GHz Xeon: 2.3 with 4 lanes, 3.6 with 8, 4.0 with 12, and 1 % more with 16, because three vectors already keep its
 *   execution ports 88 % busy. `node:crypto` has 0.73.
 * - Zen 5, whose vector operations take two cycles: 1.5, 2.9, 3.9 and 4.3.
 */
export type Md5Lanes = 4 | 8 | 12 | 16;
const DEFAULT_LANES: Md5Lanes = 16;

/**
 * Six full groups of sixteen, 1.2 MB. From 72 to 144 slots the speed of copying messages in and digesting them is the
 * same. With 24 slots too few messages have equal lengths (13 % slower). With 384 the messages do not stay in the
 * second-level cache until they are digested (10 % slower).
 */
const DEFAULT_SLOTS = 96;

/** The tables in assembly/layout.ts have room for this many. The arena then has 12.6 MB. */
const MAX_SLOTS = 1024;

const LONGEST_MESSAGE_BYTES = 12 * 1024;
const DIGEST_BYTES = 16;
/** The page size of WebAssembly's memory. */
const PAGE_BYTES = 65_536;

export type Md5LanesLoad =
  | { readonly state: 'ready'; readonly kernel: Md5Kernel }
  | { readonly state: 'unavailable'; readonly reason: string };

/**
 * Makes a kernel that computes the MD5 of up to sixteen messages side by side in WebAssembly SIMD. Each kernel has an
 * arena of its own, and each thread makes its own kernel. The kernels of a thread share the compiled module, and V8
 * shares the machine code between threads. For the first 20 ms or so the code is not optimised yet and two to four
 * times slower.
 *
 * @param slots messages in a batch, 1 … 1,024; each takes 12,352 bytes of memory
 * @param lanes the size of a batch need not be a multiple of it
 * @returns `unavailable` with the reason, in English for people, if the processor or this Node.js does not support it
 * @throws RangeError if `slots` is not a whole number from 1 to 1,024
 */
export function loadMd5Lanes(slots: number = DEFAULT_SLOTS, lanes: Md5Lanes = DEFAULT_LANES): Md5LanesLoad {
  if (!Number.isInteger(slots) || slots < 1 || slots > MAX_SLOTS) {
    throw new RangeError(`An MD5 kernel has 1 to ${MAX_SLOTS} slots, not ${slots}`);
  }
  const compiled = (compiledOnce ??= compile());
  if (compiled.state === 'unavailable') return compiled;
  try {
    const { exports } = new WebAssembly.Instance(compiled.module, {});
    return { state: 'ready', kernel: new Md5LanesKernel(exports, slots, lanes) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Node 20 reserves 10 GB of address space for each memory, which fails under a limit on address space (ulimit -v).
    return { state: 'unavailable', reason: `no memory for WebAssembly: ${error.message}` };
  }
}

type Compiled =
  | { readonly state: 'compiled'; readonly module: WebAssembly.Module }
  | { readonly state: 'unavailable'; readonly reason: string };

let compiledOnce: Compiled | undefined;

function compile(): Compiled {
  if (typeof WebAssembly === 'undefined') {
    return { state: 'unavailable', reason: 'this Node.js runs without WebAssembly (--jitless)' };
  }
  if (endianness() !== 'LE') {
    // WebAssembly's memory is always little-endian, and JavaScript writes the lengths into it in the processor's order.
    return { state: 'unavailable', reason: 'the processor is big-endian' };
  }
  const bytes = readFileSync(new URL('./md5-lanes.wasm', import.meta.url));
  if (!WebAssembly.validate(bytes)) {
    return { state: 'unavailable', reason: 'the processor or this Node.js has no WebAssembly SIMD' };
  }
  return { state: 'compiled', module: new WebAssembly.Module(bytes) };
}

class Md5LanesKernel implements Md5Kernel {
  readonly name = 'wasm-simd';
  readonly lanes: Md5Lanes;
  readonly arena: Uint8Array;
  readonly slotBytes: number;
  readonly slots: number;
  readonly #digestSlots: DigestSlots;
  readonly #lengths: Uint32Array;
  readonly #digests: Uint8Array;

  constructor(exports: WebAssembly.Instance['exports'], slots: number, lanes: Md5Lanes) {
    const { memory, digestSlots } = exports;
    if (!(memory instanceof WebAssembly.Memory) || !isDigestSlots(digestSlots)) {
      throw new TypeError('md5-lanes.wasm exports no memory or no digestSlots');
    }
    const arenaAt = numberExport(exports, 'ARENA');
    this.slots = slots;
    this.lanes = lanes;
    this.slotBytes = numberExport(exports, 'SLOT_BYTES');
    const arenaBytes = slots * this.slotBytes;
    // Growing the memory detaches all views on it, so it grows only here, before the views are made.
    memory.grow(Math.ceil((arenaAt + arenaBytes - memory.buffer.byteLength) / PAGE_BYTES));
    this.arena = new Uint8Array(memory.buffer, arenaAt, arenaBytes);
    this.#digestSlots = digestSlots;
    this.#lengths = new Uint32Array(memory.buffer, numberExport(exports, 'LENGTHS'), slots);
    this.#digests = new Uint8Array(memory.buffer, numberExport(exports, 'DIGESTS'), slots * DIGEST_BYTES);
  }

  digestSlots(lengths: Uint32Array, count: number, digests: Uint8Array): void {
    if (count > this.slots) throw new RangeError(`${count} messages for ${this.slots} slots`);
    for (let slot = 0; slot < count; slot++) {
      const length = lengths[slot];
      // The padding of a longer message would overwrite the next slot, or lie after the end of the memory.
      if (length === undefined || length > LONGEST_MESSAGE_BYTES) {
        throw new RangeError(
          `Message ${slot} has ${length} bytes; the longest may have ${LONGEST_MESSAGE_BYTES}`,
        );
      }
      this.#lengths[slot] = length;
    }
    this.#digestSlots(count, this.lanes);
    digests.set(this.#digests.subarray(0, count * DIGEST_BYTES));
  }
}

type DigestSlots = (count: number, lanes: number) => void;

function isDigestSlots(value: unknown): value is DigestSlots {
  return typeof value === 'function';
}

function numberExport(exports: WebAssembly.Instance['exports'], name: string): number {
  const exported = exports[name];
  if (exported instanceof WebAssembly.Global && typeof exported.value === 'number') return exported.value;
  throw new TypeError(`md5-lanes.wasm exports no number ${name}`);
}
