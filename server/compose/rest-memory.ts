import { getHeapStatistics } from 'node:v8';
import { returnFreeMemory } from '../../engine/index.js';
import { busySinceLastCall } from '../batching/thread-busy.js';
import { collectGarbage } from './collect-garbage.js';

const LOOK_EVERY_MS = 30_000;
/** Of the time between two looks. A server of readers that push now and then is at rest too. */
const AT_REST = 0.02;
/** What the heap has to have grown by since the last collection for another one, which takes 50 ms. */
const GROWTH_BYTES = 4e6;

export interface RestMemoryOptions {
  /** For tests. Default: V8's. */
  readonly heap?: {
    usedBytes(): number;
    collect(): void;
    /** What this process has freed goes back to the system. */
    trim(): void;
  };
  /** The part of the time since the call before in which this thread was busy, 0–1. Default: measured. */
  readonly busy?: () => number;
}

/**
 * Gives memory back to the system when this thread comes to rest. V8 collects all garbage only when the heap has grown by a
 * multiple: at rest, what a start or a busy hour has left behind would stay for days. And glibc keeps what threads have freed,
 * also those that have ended: 8 MB of a server that has just been started.
 */
export class RestMemory {
  readonly #heap: NonNullable<RestMemoryOptions['heap']>;
  readonly #busy: () => number;
  readonly #timer: NodeJS.Timeout;
  /** After the last collection. */
  #leftBytes = 0;
  /** Whether the thread was at rest at the last look too: a collection in a short pause would be in the way of the next request. */
  #wasAtRest = false;

  constructor({ heap = V8_HEAP, busy = busySinceLastCall() }: RestMemoryOptions = {}) {
    this.#heap = heap;
    this.#busy = busy;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const wasAtRest = this.#wasAtRest;
    this.#wasAtRest = this.#busy() <= AT_REST;
    if (!this.#wasAtRest || !wasAtRest) return;
    if (this.#heap.usedBytes() >= this.#leftBytes + GROWTH_BYTES) {
      this.#heap.collect();
      this.#leftBytes = this.#heap.usedBytes();
    }
    this.#heap.trim();
  }
}

const V8_HEAP = {
  usedBytes: () => getHeapStatistics().used_heap_size,
  collect: collectGarbage,
  trim: returnFreeMemory,
};
