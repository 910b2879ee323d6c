import type { Md5Choice } from '../digest/md5-kernel-choice.js';
import type { ReadsChoice } from '../digest/sample-reader-choice.js';
import type { ReadsName } from '../digest/sample-reader.js';
import type { EntryBatch } from '../walk/entry-batch.js';
import { BatchInProgress, type HashedBatch } from './hashed-batch.js';
import { MovingAverage } from '../moving-average.js';
import { DRAIN_DEADLINE_MS, RunControl } from './run-control.js';
import { settledWithin } from './settled-within.js';
import type { ScheduledTask, TaskScheduler, TaskSource } from './task-scheduler.js';
import { filesPerTask, minFilesPerTask } from './task-sizes.js';

export interface HashRunOptions {
  /** Absolute, bytes, ends with a slash. */
  readonly root: Uint8Array;
  readonly md5: Md5Choice;
  readonly reads: ReadsChoice;
  /** The implementation that `reads` stands for on this system. */
  readonly readsName: ReadsName;
  readonly followLinks: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onHashed: (files: number) => void;
}

/**
 * Hashes a stream of batches. Batches are pulled from the source as the threads need files, divided into tasks, and
 * handed out when all their files are done. The number of batches that were pulled and not yet handed out is bounded,
 * so a slow consumer stops the pulling.
 */
export class HashRun<Batch extends EntryBatch = EntryBatch> implements TaskSource {
  readonly control: RunControl;
  private readonly scheduler: TaskScheduler;
  private readonly options: HashRunOptions;
  private readonly source: AsyncIterator<Batch>;
  /** Batches with files that are not in a task yet, in the order of the source. */
  private readonly waiting: BatchInProgress<Batch>[] = [];
  private readonly done: HashedBatch<Batch>[] = [];
  /** The number of batches that were pulled and not yet handed out. */
  private open = 0;
  private filesWaiting = 0;
  private isPulling = false;
  private isSourceEnded = false;
  private sourceError: { readonly error: unknown } | undefined;
  private readonly msPerFile = new MovingAverage();

  constructor(scheduler: TaskScheduler, batches: AsyncIterable<Batch>, options: HashRunOptions) {
    this.scheduler = scheduler;
    this.options = options;
    this.source = batches[Symbol.asyncIterator]();
    this.control = new RunControl(options.signal);
  }

  get batchesInFlight(): number {
    return this.open - this.done.length;
  }

  /** Yields the batches in the order in which they are done. The caller must call `end()` afterwards. */
  async *results(): AsyncGenerator<HashedBatch<Batch>, void, undefined> {
    try {
      this.scheduler.add(this);
      while (!this.isFinished) {
        this.control.throwIfFailed();
        const batch = this.done.shift();
        if (batch) {
          yield batch;
          this.open -= 1;
          this.scheduler.fill();
        } else await this.control.wait();
      }
      this.control.throwIfFailed();
      if (this.sourceError) throw this.sourceError.error;
    } finally {
      this.scheduler.remove(this);
    }
  }

  async end(): Promise<void> {
    await Promise.all([this.control.end(), this.releaseSource()]);
  }

  nextTask(): ScheduledTask | undefined {
    if (this.control.isOver) return undefined;
    this.pullWhenLow();
    const batch = this.waiting[0];
    if (!batch) return undefined;
    const range = batch.take(this.filesPerTask, minFilesPerTask(this.options.readsName));
    this.filesWaiting -= range.count;
    if (batch.filesLeft === 0) this.waiting.shift();
    const { control, options } = this;
    control.taskStarted();
    return {
      kind: 'hash',
      task: {
        kind: 'hash',
        root: options.root,
        files: batch.filesOf(range),
        followLinks: options.followLinks,
        md5: options.md5,
        reads: options.reads,
        cancel: control.cancel,
      },
      done: (result) => {
        if (!control.isOver) {
          this.msPerFile.add(result.elapsedMs / range.count);
          batch.fill(range, result);
          options.onHashed(range.count);
          if (batch.isDone) this.done.push(batch);
        }
        control.taskEnded();
      },
      fail: (error) => {
        control.fail(error);
        control.taskEnded();
      },
    };
  }

  private get isFinished(): boolean {
    return this.isSourceEnded && this.open === 0;
  }

  private get filesPerTask(): number {
    return filesPerTask(this.options.readsName, this.msPerFile.value);
  }

  /** Pulls one batch at a time, whenever the waiting files are fewer than one task for each thread. */
  private pullWhenLow(): void {
    const { concurrency } = this.scheduler;
    // A batch may be a single task, and a thread has two tasks at a time. Two more batches may be done or waiting.
    const isFull = this.open >= 2 * concurrency + 2;
    if (
      this.isPulling ||
      this.isSourceEnded ||
      isFull ||
      this.filesWaiting >= concurrency * this.filesPerTask
    )
      return;
    void this.pull();
  }

  private async pull(): Promise<void> {
    this.isPulling = true;
    try {
      const next = await this.source.next();
      if (next.done === true) this.isSourceEnded = true;
      else this.accept(next.value);
    } catch (error) {
      this.isSourceEnded = true;
      // `results` throws it once every batch that came before it is handed out.
      this.sourceError = { error };
    }
    this.isPulling = false;
    this.control.wake();
    this.scheduler.fill();
  }

  private accept(entries: Batch): void {
    const batch = new BatchInProgress(entries);
    this.open += 1;
    if (batch.isDone) this.done.push(batch);
    else {
      this.filesWaiting += batch.filesLeft;
      this.waiting.push(batch);
    }
  }

  /**
   * Ends the source early. A source that is busy with its next batch ends only after that batch. A run that failed
   * waits for it no longer than for its tasks, and ignores errors of the source, because it already throws an error.
   */
  private async releaseSource(): Promise<void> {
    if (this.isSourceEnded || !this.source.return) return;
    const released = this.source.return();
    if (this.control.isFailed) {
      const ignoringErrors = released.catch(() => undefined);
      await settledWithin(ignoringErrors, DRAIN_DEADLINE_MS);
    } else await released;
  }
}
