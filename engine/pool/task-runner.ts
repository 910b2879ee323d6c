import { threadId } from 'node:worker_threads';
import { digestFiles } from '../digest/batch-digests.js';
import { createMd5Kernel, type Md5Choice } from '../digest/md5-kernel-choice.js';
import type { Md5Kernel } from '../digest/md5-kernel.js';
import { createSampleReader, type ReadsChoice } from '../digest/sample-reader-choice.js';
import type { SampleReader } from '../digest/sample-reader.js';
import { FolderChain } from '../system/folder-chain.js';
import { LateFolders } from '../system/late-folders.js';
import { loadLibc } from '../system/libc.js';
import { IgnorePatterns } from '../walk/ignore-patterns.js';
import { LinkedFolders } from '../walk/linked-folders.js';
import { stepWalk, type WalkStepOptions } from '../walk/walk-step.js';
import { stepWalkInWaves, type WalkPart } from '../walk/walk-wave.js';
import {
  PATH_SEPARATOR,
  type CancelCell,
  type HashResult,
  type HashTask,
  type PathProbeResult,
  type PathProbeTask,
  type ThreadRing,
  type WalkedPart,
  type WalkResult,
  type WalkTask,
  type WorkerResult,
  type WorkerTask,
} from './messages.js';
import { isGone, readRootFile } from './path-probe.js';
import { stateOfRoot } from './root-folder.js';
import { BATCH_ENTRIES } from './task-sizes.js';

/** A walk task ends when it reaches one of these limits. */
export interface WalkTaskLimits {
  readonly maxEntries: number;
  readonly maxMs: number;
}

/**
 * Performs a task in a worker thread. Results are copied to the main thread, not transferred. Copying their 16 to 200
 * KB takes 5 to 30 µs a task. Transferring would need Piscina's `move`, and importing that takes 12 ms and 1.2 MB in
 * each thread.
 */
export function runTask(task: WorkerTask, limits: WalkTaskLimits): WorkerResult {
  switch (task.kind) {
    case 'root-probe':
      return { kind: 'root-probe', state: stateOfRoot(task.root) };
    case 'path-probe':
      return findGonePaths(task);
    case 'small-file':
      return { kind: 'small-file', found: readRootFile(task.root, task.name) };
    case 'walk':
      return walk(task, limits);
    case 'hash':
      return hash(task);
    default:
      return task satisfies never;
  }
}

function findGonePaths(task: PathProbeTask): PathProbeResult {
  const folders = new FolderChain(task.root, false, { followsLinks: task.followLinks });
  try {
    return {
      kind: 'path-probe',
      isGone: task.paths.split(PATH_SEPARATOR).map((path) => isGone(folders, path)),
    };
  } finally {
    folders.close();
  }
}

function walk(task: WalkTask, limits: WalkTaskLimits): WalkResult {
  const paths = task.paths.split(PATH_SEPARATOR);
  const options: WalkStepOptions = {
    root: task.root,
    extensions: extensionSet(task.extensions),
    skipSystem: task.skipSystem,
    ignored: ignoredBy(task.ignore),
    links: task.followLinks ? new LinkedFolders(task.root) : undefined,
    shard: task.shard,
    batchEntries: BATCH_ENTRIES,
    ...limits,
    isCancelled: () => isCancelled(task.cancel),
  };
  const late = task.inWaves ? lateFolders() : undefined;
  if (late !== undefined) {
    const { parts, skipped } = stepWalkInWaves(paths, late, options);
    const result: WalkResult = {
      kind: 'walk',
      parts: parts.map(sentPart),
      skipped,
      msPerPath: undefined,
      newRing: newWalkRing,
    };
    newWalkRing = undefined;
    return result;
  }
  const { skipped, msPerPath, ...part } = stepWalk(paths, options);
  return { kind: 'walk', parts: [sentPart(part)], skipped, msPerPath, newRing: undefined };
}

function sentPart({ batches, pending }: WalkPart): WalkedPart {
  return { batches, pending: pending.length === 0 ? undefined : pending.join(PATH_SEPARATOR) };
}

/** What this thread visits many folders with. It is made for the first task that wants that. `null`: it cannot be made. */
let madeLate: LateFolders | null | undefined;
let newWalkRing: ThreadRing | undefined;

/** @returns undefined if folders have to be visited one after the other */
function lateFolders(): LateFolders | undefined {
  if (madeLate === undefined) {
    const loaded = loadLibc();
    try {
      madeLate = loaded.state === 'ready' ? new LateFolders(loaded.libc) : null;
    } catch {
      madeLate = null; // A limit on descriptors or memory may be reached only by the later threads.
    }
    if (madeLate) newWalkRing = { threadId, handles: madeLate.handles };
  }
  // A broken one is kept for ever, because the system may still write to its memory.
  return madeLate === null || madeLate.isBroken ? undefined : madeLate;
}

function hash(task: HashTask): HashResult {
  const { kernel, reader } = toolsFor(task);
  const beganMs = performance.now();
  const { root, files, followLinks } = task;
  const digests = digestFiles(kernel, reader, root, files, () => isCancelled(task.cancel), followLinks);
  const elapsedMs = performance.now() - beganMs;
  const result: HashResult = { kind: 'hash', ...digests, elapsedMs, newRing };
  newRing = undefined;
  return result;
}

function isCancelled(cell: CancelCell): boolean {
  return Atomics.load(cell, 0) !== 0;
}

interface Tools {
  readonly md5: Md5Choice;
  readonly reads: ReadsChoice;
  readonly kernel: Md5Kernel;
  readonly reader: SampleReader;
}

/** The tools of this thread. They are made for the first files to hash, because a thread that only walks needs none. */
let made: Tools | undefined;
/** The ring of this thread, until a result has told the main thread about it. */
let newRing: ThreadRing | undefined;

/**
 * Tools whose reader is broken. They are kept for ever, because the system may still write to their memory. A thread
 * that had a broken reader uses system calls from then on.
 */
const broken: Tools[] = [];

/** All tasks of an engine make the same choice, so the tools are made again only if the reader is broken. */
function toolsFor({ md5, reads }: HashTask): Tools {
  if (made?.reader.isBroken === true) broken.push(made);
  if (made?.md5 !== md5 || made.reads !== reads || made.reader.isBroken) {
    const kernel = createMd5Kernel(md5);
    const { reader, handles } = createSampleReader(broken.length > 0 ? 'system-calls' : reads, kernel.slots);
    made = { md5, reads, kernel, reader };
    if (handles !== undefined) newRing = { threadId, handles };
  }
  return made;
}

/** The extensions of the last walk task. Most walk tasks have the same ones as the task before. */
let extensions: { readonly joined: string; readonly set: ReadonlySet<string> } | undefined;

function extensionSet(joined: string): ReadonlySet<string> {
  if (extensions?.joined !== joined) {
    extensions = { joined, set: new Set(joined === '' ? [] : joined.split(PATH_SEPARATOR)) };
  }
  return extensions.set;
}

/** The patterns of the last walk task. */
let patterns: { readonly lines: string; readonly compiled: IgnorePatterns } | undefined;

function ignoredBy(lines: string): IgnorePatterns | undefined {
  if (lines === '') return undefined;
  if (patterns?.lines !== lines) patterns = { lines, compiled: new IgnorePatterns(lines) };
  return patterns.compiled;
}
