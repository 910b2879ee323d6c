import { constants, accessSync, statSync } from 'node:fs';
import { digestFiles } from '../digest/batch-digests.js';
import { chooseMd5Kernel, type Md5Choice } from '../digest/md5-kernel-choice.js';
import type { EntryBatch } from '../walk/entry-batch.js';
import { errnoOf, failureOfErrno, type EntryFailure } from '../walk/failure.js';
import { latin1Of } from '../walk/latin-path.js';
import type { Shard } from '../walk/shard.js';
import { stepWalk, type PendingPaths } from '../walk/walk-step.js';
import { EngineError } from './engine-error.js';

export interface HashedBatch {
  readonly entries: EntryBatch;
  readonly partialMd5: Uint8Array;
  readonly filenameMd5: Uint8Array;
  readonly sizeBytes: Float64Array;
  readonly modifiedNs: BigInt64Array;
  failureAt(index: number): EntryFailure | undefined;
}

export interface WalkOptions {
  readonly extensions: ReadonlySet<string>;
  readonly shard?: Shard;
  readonly signal?: AbortSignal;
}

export interface EngineOptions {
  readonly jobs?: number;
  readonly md5?: Md5Choice;
}

export interface EngineStatus {
  readonly filesHashed: number;
  readonly batchesInFlight: number;
  readonly jobs: number;
  readonly threads: number;
}

export interface Engine {
  readonly md5KernelName: 'node-crypto' | 'wasm-simd';
  walk(root: Buffer | string, options: WalkOptions): AsyncIterable<EntryBatch>;
  hash(
    root: Buffer | string,
    batches: AsyncIterable<EntryBatch> | Iterable<EntryBatch>,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<HashedBatch>;
  status(): EngineStatus;
  close(): Promise<void>;
}

const BATCH_ENTRIES = 512;
const STEP_MS = 20;

export function createEngine(options: EngineOptions = {}): Engine {
  let closed = false;
  let filesHashed = 0;
  const check = (signal: AbortSignal | undefined): void => {
    if (closed) throw new EngineError('closed', 'the engine is closed');
    if (signal?.aborted) throw new EngineError('aborted', 'aborted', { cause: signal.reason });
  };
  return {
    md5KernelName: 'node-crypto',
    async *walk(root, walkOptions) {
      check(walkOptions.signal);
      const before = rootState(root);
      const latin = latin1Of(root).replace(/\/*$/, '/');
      let pending: PendingPaths = [''];
      while (pending.length > 0) {
        check(walkOptions.signal);
        const step = stepWalk(pending, {
          root: latin,
          extensions: walkOptions.extensions,
          shard: walkOptions.shard,
          maxEntries: BATCH_ENTRIES,
          maxMs: STEP_MS,
        });
        pending = step.pending;
        if (step.entries.length > 0) yield step.entries;
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (rootState(root) !== before) throw new EngineError('root-changed', 'the root was replaced');
    },
    async *hash(root, batches, hashOptions) {
      const kernel = await chooseMd5Kernel(options.md5 ?? 'auto');
      for await (const entries of batches) {
        check(hashOptions?.signal);
        const digests = digestFiles(kernel, Buffer.from(root), entries);
        filesHashed += entries.length;
        const failures = new Map<number, EntryFailure>(entries.failures);
        for (const [index, errno] of digests.failures) {
          if (!failures.has(index)) failures.set(index, failureOfErrno(errno));
        }
        yield { entries, ...digests, failureAt: (index) => failures.get(index) };
      }
    },
    status: () => ({ filesHashed, batchesInFlight: 0, jobs: options.jobs ?? 1, threads: 0 }),
    close() {
      closed = true;
      return Promise.resolve();
    },
  };
}

function rootState(root: Buffer | string): string {
  try {
    const stats = statSync(root);
    if (!stats.isDirectory()) throw new EngineError('root-not-a-folder', `the root is not a folder`);
    accessSync(root, constants.R_OK | constants.X_OK);
    return `${stats.dev}:${stats.ino}`;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const code = errnoOf(error) === 'ENOENT' ? 'root-missing' : 'root-unreadable';
    throw new EngineError(code, `the root cannot be opened (${errnoOf(error)})`, { cause: error });
  }
}
