import { availableParallelism, totalmem } from 'node:os';
import type { SampleReader } from '../digest/sample-reader.js';

/**
 * Threads a processor that are tried where each has a hundred files under way by itself: on cold storage two do what
 * 16 to 32 do with system calls, and each further one costs 50 ms of processor.
 */
const RING_JOBS_A_PROCESSOR = 2;
/** For a small machine before a file server that is far away. */
const FEWEST_RING_JOBS = 4;

/** Past this, switching between threads costs more than any storage gives back. */
const MOST_JOBS = 64;

/** What a thread adds to the process: V8's heap and Node 10 MB, the arena of the MD5 kernel 1.2. */
const THREAD_BYTES = 12 * 2 ** 20;

/** The share of the memory that threads may take: a small machine has other things to do. */
const MEMORY_SHARE = 1 / 16;

export interface AutomaticJobs {
  /** One a processor: right for what is in the cache, and a fair beginning for the rest. */
  readonly start: number;
  readonly max: number;
}

/** Between what the tuner may choose, on this machine. */
export function automaticJobs(
  reads: SampleReader['name'],
  processors: number = availableParallelism(),
  memoryBytes: number = availableMemoryBytes(),
): AutomaticJobs {
  const start = Math.min(processors, MOST_JOBS);
  const fitting = Math.floor((memoryBytes * MEMORY_SHARE) / THREAD_BYTES);
  const useful =
    reads === 'io-uring' ? Math.max(processors * RING_JOBS_A_PROCESSOR, FEWEST_RING_JOBS) : MOST_JOBS;
  return { start, max: Math.max(start, Math.min(fitting, useful, MOST_JOBS)) };
}

/** The machine's, or less where a container is limited. */
function availableMemoryBytes(): number {
  // 0, or a number larger than any memory: no limit.
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
