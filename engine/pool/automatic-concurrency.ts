import { availableParallelism, totalmem } from 'node:os';
import type { ReadsName } from '../digest/sample-reader.js';

/**
 * Maximum number of threads for each processor with io_uring, where one thread reads a hundred files at a time. On
 * cold storage two such threads are as fast as 16 to 32 with system calls. Each further thread costs 50 ms of
 * processor time.
 */
const RING_THREADS_PER_PROCESSOR = 2;
/** At least this many are allowed, for a small machine with a distant file server. */
const MIN_RING_THREADS = 4;

/** With more threads, switching between them costs more than any storage gains. */
const MAX_THREADS = 64;

/** The memory of a thread: V8's heap and Node take 10 MB, the arena of the MD5 kernel 1.2 MB. */
const THREAD_BYTES = 12 * 2 ** 20;

/** The share of the memory that the threads may take. The rest of a small machine is for other programs. */
const MEMORY_SHARE = 1 / 16;

export interface AutomaticConcurrency {
  /**
   * The initial number: one thread for each processor. That is best if the files are cached, and a good start
   * otherwise.
   */
  readonly start: number;
  readonly max: number;
}

/** The numbers of threads among which the tuner may choose on this machine. */
export function automaticConcurrency(
  reads: ReadsName,
  processors: number = availableParallelism(),
  memoryBytes: number = availableMemoryBytes(),
): AutomaticConcurrency {
  const start = Math.min(processors, MAX_THREADS);
  const fitting = Math.floor((memoryBytes * MEMORY_SHARE) / THREAD_BYTES);
  const useful =
    reads === 'io-uring' ? Math.max(processors * RING_THREADS_PER_PROCESSOR, MIN_RING_THREADS) : MAX_THREADS;
  return { start, max: Math.max(start, Math.min(fitting, useful, MAX_THREADS)) };
}

/** The memory of the machine, or the limit of the container if that is less. */
function availableMemoryBytes(): number {
  // Without a limit this is 0, or a number larger than any memory.
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
