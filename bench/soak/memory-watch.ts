import { median } from '../statistics.js';

const SAMPLE_MS = 1000;
/** Until then caches fill, and the compiler of V8 settles. */
const WARM_UP_MS = 120_000;
/** The first and the last part of the rest are compared. */
const COMPARED_MS = 60_000;
const LEAST_MS = WARM_UP_MS + 3 * COMPARED_MS;
/** What garbage, the hostile clients of the moment and the allocator make of the same load. */
const ALLOWED_FACTOR = 1.25;
const ALLOWED_BYTES = 50 * 1024 * 1024;

export interface MemoryVerdict {
  readonly hasGrown: boolean;
  readonly text: string;
}

/** Samples the memory of the server. A process that was started again begins anew. */
export class MemoryWatch {
  readonly #read: () => number | undefined;
  readonly #timer: NodeJS.Timeout;
  #samples: number[] = [];
  #peakBytes = 0;

  constructor(read: () => number | undefined) {
    this.#read = read;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  restart(): void {
    this.#samples = [];
  }

  /** Stops the samples and judges those of the last process. */
  end(): MemoryVerdict {
    clearInterval(this.#timer);
    const verdict = judgeMemory(this.#samples);
    return { ...verdict, text: `${verdict.text}; peak ${megabytes(this.#peakBytes)} MB` };
  }

  #sample(): void {
    const bytes = this.#read();
    if (bytes === undefined) return;
    this.#samples.push(bytes);
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
  }
}

/** @param samples bytes, one a second since the process started */
export function judgeMemory(samples: readonly number[]): MemoryVerdict {
  const seconds = (samples.length * SAMPLE_MS) / 1000;
  if (seconds * 1000 < LEAST_MS) {
    const text = `not compared: the last process ran ${seconds} s, and ${LEAST_MS / 1000} are needed`;
    return { hasGrown: false, text };
  }
  const first = WARM_UP_MS / SAMPLE_MS;
  const count = COMPARED_MS / SAMPLE_MS;
  const before = median(samples.slice(first, first + count));
  const after = median(samples.slice(-count));
  const minutes = Math.round(seconds / 60);
  return {
    hasGrown: after > before * ALLOWED_FACTOR + ALLOWED_BYTES,
    text: `${megabytes(before)} MB after warm-up, ${megabytes(after)} MB at the end of ${minutes} minutes`,
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}
