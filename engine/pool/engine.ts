import { md5KernelNameFor, type Md5Choice } from '../digest/md5-kernel-choice.js';
import { readsKindFor, type ReadsChoice, type ReadsKind } from '../digest/sample-reader-choice.js';
import type { EntryBatch } from '../walk/entry-batch.js';
import type { Shard } from '../walk/shard.js';
import { automaticJobs } from './automatic-jobs.js';
import { EngineError } from './engine-error.js';
import { HashRun } from './hash-run.js';
import type { HashedBatch } from './hashed-batch.js';
import { absoluteRoot, throwIfChanged, throwUnlessOpen, unlessRootFailed } from './root-folder.js';
import { RunControl } from './run-control.js';
import { lookAtRoot, whichAreGone } from './path-probe.js';
import type { TunerPoint } from './throughput-watch.js';
import { WalkRun } from './walk-run.js';
import { WorkSlots } from './task-scheduler.js';

export interface EngineOptions {
  /** Threads that work at a time, 1 … 256. Absent: the engine follows its own throughput. */
  readonly jobs?: number;
  /** Absent: `auto`. */
  readonly md5?: Md5Choice;
  /** Absent: `auto`. */
  readonly reads?: ReadsChoice;
}

export interface WalkOptions {
  /** Lower case, without a leading dot; one may hold a dot (`fb2.zip`). */
  readonly extensions: ReadonlySet<string>;
  /** Yields only the files in folders of this shard; folder failures are yielded in every shard. */
  readonly shard?: Shard;
  readonly signal?: AbortSignal;
}

export interface HashOptions {
  /**
   * Throws what a walk throws of its root, before the first batch and after the last: a file that was not there to be
   * hashed is surely gone only when the root was the same folder all the time, and hashing ends long after the walk.
   */
  readonly rootMustStay?: boolean;
  readonly signal?: AbortSignal;
}

export interface GoneOptions {
  readonly signal?: AbortSignal;
}

export interface EngineStatus {
  /** Since the engine was made, failed ones included. */
  readonly filesHashed: number;
  /** Batches that were pulled and are not done yet. */
  readonly batchesInFlight: number;
  /** Tasks of walks and of hashing that the threads have: one each at work, and one waiting behind it. */
  readonly tasksInFlight: number;
  /** How many threads may work at a time, at this moment. */
  readonly jobs: number;
  /** Alive, at work or not. */
  readonly threads: number;
  /** What the tuner measured, oldest first, the last 256 steps; empty when `jobs` is fixed. */
  readonly tunerCurve: readonly TunerPoint[];
}

/** Directories in, digests out. Made by `createEngine`; to be closed. */
export interface Engine {
  readonly md5KernelName: 'node-crypto' | 'wasm-simd';
  readonly reads: ReadsKind;
  /**
   * Finds the books below a root, in byte order of their paths (a folder counts as `name/`), with size and time, and
   * what could not be looked at, as failures. Links to files are followed, links to folders are not.
   * Throws `root-missing`, `root-not-a-folder` or `root-unreadable` before the first batch, and `root-changed` after
   * the last when the root is another folder by then; RangeError for a shard that there is not.
   */
  walk(root: Buffer | string, options: WalkOptions): AsyncIterable<EntryBatch>;
  /**
   * Hashes batches of files of a root, each in one consistent state. Holds a bounded number of batches. Entries with
   * a failure pass through, and so do batches without entries. An error of `batches` is thrown when all that came before it is handed out.
   */
  hash<Batch extends EntryBatch>(
    root: Buffer | string,
    batches: AsyncIterable<Batch> | Iterable<Batch>,
    options?: HashOptions,
  ): AsyncIterable<HashedBatch<Batch>>;
  /**
   * At which of these paths, relative to the root, nothing is any more (not even a link that leads nowhere), in their
   * order. Whatever cannot be looked at counts as being there. Rejects with `aborted`, `closed` and `worker-failed`.
   */
  whichAreGone(
    root: Buffer | string,
    paths: readonly Buffer[],
    options?: GoneOptions,
  ): Promise<readonly boolean[]>;
  /** For progress and metrics. */
  status(): EngineStatus;
  /** Ends running walks and hashings with `closed`, and the threads. May be called again. */
  close(): Promise<void>;
}

/** An explicit number is taken at its word, up to where it can only be a mistake. */
const MAX_JOBS = 256;

/** @throws EngineError `md5-unavailable`, `reads-unavailable`; RangeError for a `jobs` that is not 1 … 256 */
export function createEngine(options: EngineOptions = {}): Engine {
  return createEngineWith(options, new URL('worker.js', import.meta.url));
}

/** For tests, which bring a worker that fails. */
export function createEngineWith(options: EngineOptions, workerFile: URL): Engine {
  const { jobs, md5 = 'auto', reads = 'auto' } = options;
  if (jobs !== undefined && !(Number.isInteger(jobs) && jobs >= 1 && jobs <= MAX_JOBS)) {
    throw new RangeError(`jobs must be a whole number from 1 to ${MAX_JOBS}, not ${jobs}`);
  }
  const md5KernelName = kernelName(md5);
  const kind = readsKind(reads);
  const slots = new WorkSlots({ workerFile, jobs: jobs ?? automaticJobs(kind.name) });
  const walks = new Set<WalkRun>();
  const hashRuns = new Set<HashRun>();
  const looks = new Set<{ readonly control: RunControl }>();
  let filesHashed = 0;
  let closing: Promise<void> | undefined;

  const throwIfClosed = (): void => {
    if (closing) throw closedError();
  };

  return {
    md5KernelName,
    reads: kind,

    async *walk(root, { extensions, shard, signal }) {
      throwIfClosed();
      throwIfNoShard(shard);
      const folder = absoluteRoot(root);
      const run = new WalkRun(slots, { root: folder.toString('latin1'), extensions, shard, signal });
      walks.add(run);
      try {
        const before = await run.control.unlessFailed(lookAtRoot(slots, folder));
        throwUnlessOpen(before);
        yield* unlessRootFailed(run.results());
        throwIfChanged(await run.control.unlessFailed(lookAtRoot(slots, folder)), before);
      } finally {
        walks.delete(run);
        await run.control.end();
      }
    },

    async *hash(root, batches, { rootMustStay = false, signal } = {}) {
      throwIfClosed();
      const folder = absoluteRoot(root);
      const run = new HashRun(slots, inAsync(batches), {
        root: folder,
        md5,
        reads,
        readsName: kind.name,
        signal,
        onHashed: (files) => {
          filesHashed += files;
        },
      });
      hashRuns.add(run);
      try {
        const before = rootMustStay ? await run.control.unlessFailed(lookAtRoot(slots, folder)) : undefined;
        if (before) throwUnlessOpen(before);
        yield* run.results();
        if (before) throwIfChanged(await run.control.unlessFailed(lookAtRoot(slots, folder)), before);
      } finally {
        hashRuns.delete(run);
        await run.end();
      }
    },

    async whichAreGone(root, paths, { signal } = {}) {
      throwIfClosed();
      const look = { control: new RunControl(signal) };
      looks.add(look);
      try {
        return await look.control.unlessFailed(whichAreGone(slots, absoluteRoot(root), paths));
      } finally {
        looks.delete(look);
        await look.control.end();
      }
    },

    status: () => ({
      filesHashed,
      batchesInFlight: [...hashRuns].reduce((sum, run) => sum + run.batchesInFlight, 0),
      tasksInFlight: slots.tasks,
      jobs: slots.jobs,
      threads: slots.threads,
      tunerCurve: [...slots.curve],
    }),

    close() {
      closing ??= (async () => {
        for (const run of [...walks, ...hashRuns, ...looks]) run.control.fail(closedError());
        await slots.close();
      })();
      return closing;
    },
  };
}

function kernelName(md5: Md5Choice): 'node-crypto' | 'wasm-simd' {
  try {
    return md5KernelNameFor(md5);
  } catch (cause) {
    throw new EngineError('md5-unavailable', `the MD5 kernel ${md5} does not run here`, { cause });
  }
}

function readsKind(reads: ReadsChoice): ReadsKind {
  try {
    return readsKindFor(reads);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError('reads-unavailable', `${reads} does not run here: ${why}`, { cause });
  }
}

function throwIfNoShard(shard: Shard | undefined): void {
  if (!shard) return;
  const { index, count } = shard;
  if (!Number.isInteger(index) || !Number.isInteger(count) || index < 1 || index > count) {
    throw new RangeError(`there is no shard ${index} of ${count}`);
  }
}

function closedError(): EngineError {
  return new EngineError('closed', 'the engine is closed');
}

async function* inAsync<Batch extends EntryBatch>(
  batches: AsyncIterable<Batch> | Iterable<Batch>,
): AsyncGenerator<Batch> {
  yield* batches;
}
