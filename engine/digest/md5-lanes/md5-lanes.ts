import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

import type { Md5Kernel } from '../md5-kernel.js';

/**
 * Messages computed side by side, four to a vector. Measured on one core of a 4 GHz Xeon, messages of books
 * (7.0 KiB on average) in batches of 96, GB/s: 4 lanes 2.3, 8 lanes 3.6, 12 lanes 4.0, `node:crypto` 0.73, and
 * 16 lanes 1 % more: three vectors keep its ports 88 % busy. On a Zen 5, whose vector operations take two cycles,
 * 1.5, 2.9, 3.9 and with 16 lanes 4.3.
 */
export type Md5Lanes = 4 | 8 | 12 | 16;
const DEFAULT_LANES: Md5Lanes = 16;

/**
 * Six full groups of sixteen, 1.2 MB. Messages copied in and then digested go equally fast from 72 to 144
 * slots; 24 are too few to find equal lengths among them (13 % slower), and 384 leave the second-level cache
 * before they are digested (10 % slower).
 */
const DEFAULT_SLOTS = 96;

/** What the tables in assembly/layout.ts have room for; an arena of 12.6 MB. */
const MOST_SLOTS = 1024;

const LONGEST_MESSAGE_BYTES = 12 * 1024;
const DIGEST_BYTES = 16;
/** Of WebAssembly's memory. */
const PAGE_BYTES = 65_536;

export type Md5LanesLoad =
  | { readonly state: 'ready'; readonly kernel: Md5Kernel }
  | { readonly state: 'unavailable'; readonly reason: string };

/**
 * Makes a kernel that computes the MD5 of up to sixteen messages side by side in WebAssembly SIMD, with an arena
 * of its own; each thread makes its own. The kernels of a thread share the compiled module, and V8 shares the
 * machine code between threads. The first 20 ms or so run unoptimised code, two to four times slower.
 *
 * @param slots messages in a batch, 1 … 1,024; each costs 12,352 bytes of memory
 * @param lanes a batch need not be a multiple of it
 * @returns `unavailable` where this machine or this Node.js cannot do it, with the reason in words for a person
 * @throws RangeError for a number of slots outside 1 … 1,024
 */
export function loadMd5Lanes(slots: number = DEFAULT_SLOTS, lanes: Md5Lanes = DEFAULT_LANES): Md5LanesLoad {
  if (!Number.isInteger(slots) || slots < 1 || slots > MOST_SLOTS) {
    throw new RangeError(`An MD5 kernel has 1 to ${MOST_SLOTS} slots, not ${slots}`);
  }
  const compiled = (compiledOnce ??= compile());
  if (compiled.state === 'unavailable') return compiled;
  try {
    const { exports } = new WebAssembly.Instance(compiled.module, {});
    return { state: 'ready', kernel: new Md5LanesKernel(exports, slots, lanes) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Node 20 reserves 10 GB of addresses for each memory, and a limit on them (ulimit -v) refuses that.
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
    // The lengths and the messages lie in WebAssembly's memory, which is little-endian everywhere.
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
    // Views on the memory die when it grows, so it grows once, here.
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
      // A longer one would be padded into its neighbour, or past the end of the memory.
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
