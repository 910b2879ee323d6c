import { md5KernelNameFor, type Md5Choice } from '../digest/md5-kernel-choice.js';
import type { Md5KernelName } from '../digest/md5-kernel.js';
import { readsKindFor, type ReadsChoice, type ReadsKind } from '../digest/sample-reader-choice.js';
import type { EntryBatch } from '../walk/entry-batch.js';
import { isSlowPattern } from '../walk/ignore-patterns.js';
import { walkedPlaces } from '../walk/walk-places.js';
import { isOnSpinningDisk } from '../system/spinning-disk.js';
import { automaticConcurrency } from './automatic-concurrency.js';
import { EngineError } from './engine-error.js';
import {
  checkEngineOptions,
  checkFlag,
  checkSignal,
  checkWalkOptions,
  type EngineOptions,
  type HashOptions,
  type WalkOptions,
  type WhichAreGoneOptions,
} from './engine-options.js';
import { HashRun } from './hash-run.js';
import type { HashedBatch } from './hashed-batch.js';
import { probePaths, probeRoot, readFileOfRoot } from './path-probe.js';
import { absoluteRoot, throwIfChanged, throwUnlessReadable, unlessRootFailed } from './root-folder.js';
import type { SmallFileResult } from './messages.js';
import { RunControl } from './run-control.js';
import { minFilesPerTask } from './task-sizes.js';
import { TaskScheduler } from './task-scheduler.js';
import type { TunerPoint } from './throughput-watch.js';
import { WalkRun } from './walk-run.js';

/** A snapshot for progress displays and metrics. */
export interface EngineStatus {
  /** Files hashed since the engine was created, those with a failure included. */
  readonly filesHashed: number;
  /** Batches that were pulled from their source and are not completely hashed. */
  readonly batchesInFlight: number;
  /** Tasks that the threads have, of walks and of hashing. Each thread has up to two: one in work, one waiting. */
  readonly tasksInFlight: number;
  /** How many threads may work at a time, now: the option `jobs`, or what the engine chose. */
  readonly jobs: number;
  /** How many threads are alive, working or idle. */
  readonly threads: number;
  /** The last 256 measurements by which the engine chose `jobs`, oldest first. Empty if the option `jobs` was given. */
  readonly tunerCurve: readonly TunerPoint[];
}

/**
 * Finds books and hashes them, in worker threads. Made by `createEngine`; it must be closed. One engine can run
 * several walks and hashings at a time, which share its threads.
 */
export interface Engine {
  /** The MD5 implementation that is used. */
  readonly md5KernelName: Md5KernelName;
  /** How files are read. */
  readonly reads: ReadsKind;
  /**
   * How many files a batch should have at least. A task takes its files from one batch, and a thread reads that many at
   * the same time: on slow storage a batch of fewer files takes as long, so that the thread is idle in part.
   */
  readonly minBatchFiles: number;
  /**
   * Finds the books below a root, with their sizes and times of modification. Entries that could not be examined, and
   * folders that could not be listed, are yielded as failures.
   *
   * Entries come in byte order of their relative paths, where a folder counts as `name/`, in batches of at most 512.
   * Symbolic links to files are followed, links to folders only with `followLinks`. Otherwise they are not, also when a
   * folder becomes one during the walk. The same holds for the root and the folders above it: a caller that wants to
   * follow them gives `fs.realpath` of it. KOReader's sidecar folders (`*.sdr`) are skipped.
   * The walk reads ahead of its consumer by a bounded amount (4 MB). Ending the iteration early stops it.
   *
   * Pinned by test/engine/walk/walk.test.ts and test/engine/walk/walk-order.test.ts.
   *
   * @param root bytes, or text that is encoded as UTF-8; a relative path starts at the working directory
   * @throws EngineError from the iteration: `root-missing`, `root-not-a-folder`, `root-is-link` or `root-unreadable`
   *   before the first batch; `root-changed` after the last batch if the root is another folder by then; `aborted`,
   * `closed`,
   *   `worker-failed`
   * @throws RangeError from the iteration for an empty root, for extensions in another form, and if `shard.index` is not
   *   1 … `shard.count`
   */
  walk(root: Buffer | string, options: WalkOptions): AsyncIterable<EntryBatch>;
  /**
   * Hashes batches of files below a root: both digests of each file, computed from one consistent state of the file.
   * Links are followed or not as by `walk`: a file below a link to a folder has `vanished`. A file that changed since the
   * walk is hashed in its present state, which the result contains. Failures of files
   * are values in the result. Entries that already have a failure are passed through, and so are batches without
   * entries.
   *
   * Batches are yielded in the order in which they are done. The engine holds at most `2 * jobs + 2` batches at a
   * time, so a slow consumer slows the source down. The batches must not be changed meanwhile. Ending the iteration
   * early stops the hashing and ends the source.
   *
   * Pinned by test/engine/pool/engine.test.ts, the digests by test/engine/digest/partial-md5.test.ts.
   *
   * @param root as for `walk`; not checked unless `rootMustStay` is set: below a missing root every file has
   *   `vanished`
   * @param batches usually a walk of the same root; `EntryBatchBuilder` makes batches of known files
   * @throws EngineError from the iteration: `aborted`, `closed`, `worker-failed`; with `rootMustStay` also the codes
   *   of `walk` about the root. An error that `batches` throws is thrown unchanged once every batch before it was
   *   yielded
   */
  hash<Batch extends EntryBatch>(
    root: Buffer | string,
    batches: AsyncIterable<Batch> | Iterable<Batch>,
    options?: HashOptions,
  ): AsyncIterable<HashedBatch<Batch>>;
  /**
   * Finds out which paths do not exist any more. A symbolic link that leads nowhere exists. A path that cannot be
   * examined, because of missing permission or an error, counts as existing. The root itself is not checked: below a
   * missing root all paths are gone.
   *
   * Pinned by test/engine/pool/which-are-gone.test.ts.
   *
   * @param root as for `walk`
   * @param paths relative to the root, bytes; all are sent to one thread as one task
   * @returns for each path, true if it is gone
   * @throws EngineError: `aborted`, `closed`, `worker-failed`
   */
  whichAreGone(
    root: Buffer | string,
    paths: readonly Buffer[],
    options?: WhichAreGoneOptions,
  ): Promise<readonly boolean[]>;
  status(): EngineStatus;
  /**
   * Makes running walks, hashings and calls fail with `closed`, and ends the threads. It takes at most 5 seconds,
   * also if a thread hangs on a dead file server. May be called more than once.
   */
  close(): Promise<void>;
}

/**
 * Creates an engine. It starts no thread before the first walk or hashing. Threads that are idle for 30 seconds are
 * ended.
 *
 * @throws EngineError: `md5-unavailable` or `reads-unavailable` if an implementation that was chosen by name does not
 *   run here
 * @throws RangeError if `jobs` is not a whole number from 1 to 256, and for another name of an implementation than the
 *   types allow
 */
export function createEngine(options: EngineOptions = {}): Engine {
  return createEngineWith(options, new URL('worker.js', import.meta.url));
}

/** For tests, which use workers that fail or are slow. */
export function createEngineWith(options: EngineOptions, workerFile: URL): Engine {
  checkEngineOptions(options);
  const { jobs, md5 = 'auto', reads = 'auto' } = options;
  const md5KernelName = findKernelName(md5);
  const readsKind = findReadsKind(reads);
  const scheduler = new TaskScheduler({
    workerFile,
    concurrency: jobs ?? automaticConcurrency(readsKind.name),
  });
  const walks = new Set<WalkRun>();
  const hashRuns = new Set<HashRun>();
  const probes = new Set<{ readonly control: RunControl }>();
  let filesHashed = 0;
  let closing: Promise<void> | undefined;

  const throwIfClosed = (): void => {
    if (closing) throw closedError();
  };

  return {
    md5KernelName,
    reads: readsKind,
    minBatchFiles: minFilesPerTask(readsKind.name),

    async *walk(root, options) {
      throwIfClosed();
      checkWalkOptions(options);
      const { extensions, skipSystem = false, followLinks = false, ignore = [] } = options;
      const { ignoreFile, within, shard, signal, onSkipped } = options;
      const folder = absoluteRoot(root);
      const run = new WalkRun(scheduler, {
        root: folder.toString('latin1'),
        extensions,
        skipSystem,
        followLinks,
        shard,
        canWave: readsKind.name === 'io-uring',
        isSpinning: isOnSpinningDisk(folder.toString()),
        minBatchEntries: minFilesPerTask(readsKind.name),
        signal,
        onSkipped,
      });
      walks.add(run);
      try {
        const before = await run.control.unlessFailed(probeRoot(scheduler, folder));
        throwUnlessReadable(before);
        const more =
          ignoreFile === undefined
            ? undefined
            : await run.control.unlessFailed(
                readFileOfRoot(scheduler, folder.toString('latin1'), ignoreFile),
              );
        run.ignore = [...ignore, ...patternsOf(ignoreFile, more)].join('\n');
        if (within !== undefined) {
          const places = walkedPlaces(
            within.map((place) => Buffer.from(place).toString('latin1')),
            { extensions, skipSystem, ignore: run.ignore },
          );
          const paths = places.map((place) => Buffer.from(place.replace(/\/$/, ''), 'latin1'));
          const gone = await run.control.unlessFailed(probePaths(scheduler, folder, paths, followLinks));
          run.start = places.filter((_, index) => gone[index] === false);
        }
        yield* unlessRootFailed(run.results());
        throwIfChanged(await run.control.unlessFailed(probeRoot(scheduler, folder)), before);
      } finally {
        walks.delete(run);
        await run.control.end();
      }
    },

    async *hash(root, batches, { rootMustStay = false, followLinks = false, signal } = {}) {
      throwIfClosed();
      checkFlag('rootMustStay', rootMustStay);
      checkFlag('followLinks', followLinks);
      checkSignal(signal);
      const folder = absoluteRoot(root);
      const run = new HashRun(scheduler, toAsync(batches), {
        root: folder,
        md5,
        reads,
        readsName: readsKind.name,
        followLinks,
        signal,
        onHashed: (files) => {
          filesHashed += files;
        },
      });
      hashRuns.add(run);
      try {
        const before = rootMustStay
          ? await run.control.unlessFailed(probeRoot(scheduler, folder))
          : undefined;
        if (before) throwUnlessReadable(before);
        yield* run.results();
        if (before) throwIfChanged(await run.control.unlessFailed(probeRoot(scheduler, folder)), before);
      } finally {
        hashRuns.delete(run);
        await run.end();
      }
    },

    async whichAreGone(root, paths, { followLinks = false, signal } = {}) {
      throwIfClosed();
      checkSignal(signal);
      const probe = { control: new RunControl(signal) };
      probes.add(probe);
      try {
        return await probe.control.unlessFailed(
          probePaths(scheduler, absoluteRoot(root), paths, followLinks),
        );
      } finally {
        probes.delete(probe);
        await probe.control.end();
      }
    },

    status: () => ({
      filesHashed,
      batchesInFlight: [...hashRuns].reduce((sum, run) => sum + run.batchesInFlight, 0),
      tasksInFlight: scheduler.tasks,
      jobs: scheduler.concurrency,
      threads: scheduler.threads,
      tunerCurve: [...scheduler.curve],
    }),

    close() {
      closing ??= (async () => {
        for (const run of [...walks, ...hashRuns, ...probes]) run.control.fail(closedError());
        await scheduler.close();
      })();
      return closing;
    },
  };
}

function findKernelName(md5: Md5Choice): Md5KernelName {
  try {
    return md5KernelNameFor(md5);
  } catch (cause) {
    throw new EngineError('md5-unavailable', `the MD5 kernel ${md5} does not run here`, { cause });
  }
}

function findReadsKind(reads: ReadsChoice): ReadsKind {
  try {
    return readsKindFor(reads);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError('reads-unavailable', `${reads} does not run here: ${why}`, { cause });
  }
}

/** @throws EngineError `root-unreadable`: a walk without the patterns would find what is to be left out */
function patternsOf(name: string | undefined, found: SmallFileResult['found']): readonly string[] {
  if (found === undefined) return [];
  if (!('text' in found)) {
    throw new EngineError('root-unreadable', `the file ${name ?? ''} cannot be read (${found.errno})`);
  }
  const lines = found.text.split(/\r?\n/);
  const slow = lines.findIndex(isSlowPattern);
  if (slow === -1) return lines;
  throw new EngineError(
    'root-unreadable',
    `line ${slow + 1} of the file ${name ?? ''} takes too long: it may have one \`**\` only, and another at its end`,
  );
}

function closedError(): EngineError {
  return new EngineError('closed', 'the engine is closed');
}

async function* toAsync<Batch extends EntryBatch>(
  batches: AsyncIterable<Batch> | Iterable<Batch>,
): AsyncGenerator<Batch> {
  yield* batches;
}
