import { move, transferableSymbol, valueSymbol } from 'piscina';
import { digestFiles } from '../digest/batch-digests.js';
import { createMd5Kernel } from '../digest/md5-kernel-choice.js';
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
import { BATCH_ENTRIES, WALK_TASK_ENTRIES, WALK_TASK_MS } from './task-sizes.js';

/** What Piscina calls for each task, one at a time in a thread. The answer's buffers are moved, not copied. */
export default async function runTask(task: WorkerTask): Promise<unknown> {
  switch (task.kind) {
    case 'walk':
      return walk(task);
    case 'hash':
      return hash(task);
    default:
      return task satisfies never;
  }
}

function walk(task: WalkTask): unknown {
  const step = stepWalk(task.paths.split(PATH_SEPARATOR), {
    root: task.root,
    extensions: extensionSet(task.extensions),
    shard: task.shard,
    batchEntries: BATCH_ENTRIES,
    maxEntries: WALK_TASK_ENTRIES,
    maxMs: WALK_TASK_MS,
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

async function hash(task: HashTask): Promise<unknown> {
  const kernel = await kernelFor(task.md5);
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
let kernel: { readonly name: Md5Kernel['name']; readonly made: Promise<Md5Kernel> } | undefined;

function kernelFor(name: Md5Kernel['name']): Promise<Md5Kernel> {
  if (kernel?.name !== name) kernel = { name, made: createMd5Kernel(name) };
  return kernel.made;
}

/** Walks ask with the same extensions again and again. */
let extensions: { readonly joined: string; readonly set: ReadonlySet<string> } | undefined;

function extensionSet(joined: string): ReadonlySet<string> {
  if (extensions?.joined !== joined) extensions = { joined, set: new Set(joined.split(PATH_SEPARATOR)) };
  return extensions.set;
}
