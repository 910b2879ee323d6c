import { threadId } from 'node:worker_threads';
import { digestFiles } from '../digest/batch-digests.js';
import { createMd5Kernel, type Md5Choice } from '../digest/md5-kernel-choice.js';
import type { Md5Kernel } from '../digest/md5-kernel.js';
import { createSampleReader, type ReadsChoice } from '../digest/sample-reader-choice.js';
import type { SampleReader } from '../digest/sample-reader.js';
import { isGone } from '../walk/gone-path.js';
import { stepWalk } from '../walk/walk-step.js';
import {
  PATH_SEPARATOR,
  type CancelCell,
  type HashResult,
  type HashTask,
  type HeldByThread,
  type WalkResult,
  type WalkTask,
  type WorkerResult,
  type WorkerTask,
} from './messages.js';
import { stateOfRoot } from './root-folder.js';
import { BATCH_ENTRIES } from './task-sizes.js';

/** When a walk task ends. */
export interface WalkTaskLimits {
  readonly maxEntries: number;
  readonly maxMs: number;
}

/**
 * Does a task. Results are copied between the threads, not moved: the 16 to 200 KB cost 5 to 30 µs a task, and moving
 * them takes Piscina's `move`, whose import costs each thread 12 ms and 1.2 MB.
 */
export function runTask(task: WorkerTask, limits: WalkTaskLimits): WorkerResult {
  switch (task.kind) {
    case 'root':
      return { kind: 'root', state: stateOfRoot(task.root) };
    case 'gone':
      return {
        kind: 'gone',
        isGone: task.paths.split(PATH_SEPARATOR).map((path) => isGone(task.root + path)),
      };
    case 'walk':
      return walk(task, limits);
    case 'hash':
      return hash(task);
    default:
      return task satisfies never;
  }
}

function walk(task: WalkTask, limits: WalkTaskLimits): WalkResult {
  const { batches, pending } = stepWalk(task.paths.split(PATH_SEPARATOR), {
    root: task.root,
    extensions: extensionSet(task.extensions),
    shard: task.shard,
    batchEntries: BATCH_ENTRIES,
    ...limits,
    isCancelled: () => isCancelled(task.cancel),
  });
  return { kind: 'walk', batches, pending: pending.length === 0 ? undefined : pending.join(PATH_SEPARATOR) };
}

function hash(task: HashTask): HashResult {
  const { kernel, reader } = toolsFor(task);
  const beganMs = performance.now();
  const digests = digestFiles(kernel, reader, task.root, task.files, () => isCancelled(task.cancel));
  const elapsedMs = performance.now() - beganMs;
  const result: HashResult = { kind: 'hash', ...digests, elapsedMs, held };
  held = undefined;
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

/** The thread's own, made when the first files arrive: a thread that only walks needs none. */
let made: Tools | undefined;
/** What the main thread has not been told of yet. */
let held: HeldByThread | undefined;

/** Into their slots the system may still write what was asked for. */
const broken: Tools[] = [];

/** All tasks of an engine make the same choice. */
function toolsFor({ md5, reads }: HashTask): Tools {
  if (made?.reader.isBroken === true) broken.push(made);
  if (made?.md5 !== md5 || made.reads !== reads || made.reader.isBroken) {
    const kernel = createMd5Kernel(md5);
    const { reader, handles } = createSampleReader(broken.length > 0 ? 'system-calls' : reads, kernel.slots);
    made = { md5, reads, kernel, reader };
    if (handles !== undefined) held = { threadId, handles };
  }
  return made;
}

/** Walks ask with the same extensions again and again. */
let extensions: { readonly joined: string; readonly set: ReadonlySet<string> } | undefined;

function extensionSet(joined: string): ReadonlySet<string> {
  if (extensions?.joined !== joined) {
    extensions = { joined, set: new Set(joined === '' ? [] : joined.split(PATH_SEPARATOR)) };
  }
  return extensions.set;
}
