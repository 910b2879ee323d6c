import { move, transferableSymbol, valueSymbol } from 'piscina';
import { digestFiles } from '../digest/batch-digests.js';
import { createMd5Kernel, type Md5Choice } from '../digest/md5-kernel-choice.js';
import type { Md5Kernel } from '../digest/md5-kernel.js';
import { stepWalk } from '../walk/walk-step.js';
import {
  PATH_SEPARATOR,
  type CancelCell,
  type HashResult,
  type HashTask,
  type WalkResult,
  type WalkTask,
  type WorkerTask,
} from './messages.js';
import { BATCH_ENTRIES } from './task-sizes.js';

/** When a walk task ends. */
export interface WalkTaskLimits {
  readonly maxEntries: number;
  readonly maxMs: number;
}

/** The answer's buffers are moved, not copied: this is what Piscina takes for that. */
export function runTask(task: WorkerTask, limits: WalkTaskLimits): unknown {
  switch (task.kind) {
    case 'walk':
      return walk(task, limits);
    case 'hash':
      return hash(task);
    default:
      return task satisfies never;
  }
}

function walk(task: WalkTask, limits: WalkTaskLimits): unknown {
  const step = stepWalk(task.paths.split(PATH_SEPARATOR), {
    root: task.root,
    extensions: extensionSet(task.extensions),
    shard: task.shard,
    batchEntries: BATCH_ENTRIES,
    ...limits,
    isCancelled: () => isCancelled(task.cancel),
  });
  const result: WalkResult = {
    kind: 'walk',
    // Class instances lose their class on the way; the fields are what counts.
    batches: step.batches,
    pending: step.pending.length === 0 ? undefined : step.pending.join(PATH_SEPARATOR),
  };
  const buffers = step.batches.flatMap((batch) => [
    batch.pathBytes.buffer,
    batch.pathEnds.buffer,
    batch.sizeBytes.buffer,
    batch.modifiedNs.buffer,
  ]);
  return move({ [transferableSymbol]: buffers, [valueSymbol]: result });
}

function hash(task: HashTask): unknown {
  const kernel = kernelFor(task.md5);
  const beganMs = performance.now();
  const digests = digestFiles(kernel, task.root, task.files, () => isCancelled(task.cancel));
  const result: HashResult = { kind: 'hash', ...digests, elapsedMs: performance.now() - beganMs };
  const buffers = [digests.partialMd5.buffer, digests.filenameMd5.buffer];
  return move({ [transferableSymbol]: buffers, [valueSymbol]: result });
}

function isCancelled(cell: CancelCell): boolean {
  return Atomics.load(cell, 0) !== 0;
}

/** The thread's own kernel, made when the first files arrive: a thread that only walks needs none. */
let made: { readonly choice: Md5Choice; readonly kernel: Md5Kernel } | undefined;

function kernelFor(choice: Md5Choice): Md5Kernel {
  if (made?.choice !== choice) made = { choice, kernel: createMd5Kernel(choice) };
  return made.kernel;
}

/** Walks ask with the same extensions again and again. */
let extensions: { readonly joined: string; readonly set: ReadonlySet<string> } | undefined;

function extensionSet(joined: string): ReadonlySet<string> {
  if (extensions?.joined !== joined) extensions = { joined, set: new Set(joined.split(PATH_SEPARATOR)) };
  return extensions.set;
}
