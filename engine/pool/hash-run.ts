import type { Md5Choice } from '../digest/md5-kernel-choice.js';
import type { ReadsChoice } from '../digest/sample-reader-choice.js';
import type { SampleReader } from '../digest/sample-reader.js';
import type { EntryBatch } from '../walk/entry-batch.js';
import { BatchInProgress, type HashedBatch } from './hashed-batch.js';
import { DRAIN_DEADLINE_MS, RunControl } from './run-control.js';
import { filesPerTask } from './task-sizes.js';
import type { Work, WorkSlots, WorkSource } from './task-scheduler.js';

export interface HashRunOptions {
  /** Absolute, bytes, with a slash at its end. */
  readonly root: Uint8Array;
  readonly md5: Md5Choice;
  readonly reads: ReadsChoice;
  /** What that comes to here. */
  readonly readsName: SampleReader['name'];
  readonly signal: AbortSignal | undefined;
  readonly onHashed: (files: number) => void;
}

/** How fast the estimate of a file's time follows: the last four tasks make up two thirds of it. */
const ESTIMATE_WEIGHT = 0.25;

/**
 * Hashes a stream of batches. Batches are pulled as the threads get through them, cut into tasks, and handed out when
 * all their files are done. What was pulled and not yet handed out is bounded, so a slow consumer stops the source.
 */
export class HashRun<Batch extends EntryBatch = EntryBatch> implements WorkSource {
  readonly control: RunControl;
  private readonly slots: WorkSlots;
  private readonly options: HashRunOptions;
  private readonly source: AsyncIterator<Batch>;
  /** Batches with files that are not in a task yet, in the order in which they came. */
  private readonly waiting: BatchInProgress<Batch>[] = [];
  private readonly done: HashedBatch<Batch>[] = [];
  /** Batches that were pulled and not yet handed out. */
  private open = 0;
  private filesWaiting = 0;
  private isPulling = false;
  private isSourceEnded = false;
  private sourceError: { readonly error: unknown } | undefined;
  private msPerFile: number | undefined;

  constructor(slots: WorkSlots, batches: AsyncIterable<Batch>, options: HashRunOptions) {
    this.slots = slots;
    this.options = options;
    this.source = batches[Symbol.asyncIterator]();
    this.control = new RunControl(options.signal);
  }

  get batchesInFlight(): number {
    return this.open - this.done.length;
  }

  /** To be followed by `end()`. */
  async *results(): AsyncGenerator<HashedBatch<Batch>, void, undefined> {
    try {
      this.slots.add(this);
      while (!this.isFinished) {
        this.control.throwIfFailed();
        const batch = this.done.shift();
        if (batch) {
          yield batch;
          this.open -= 1;
          this.slots.fill();
        } else await this.control.wait();
      }
      this.control.throwIfFailed();
      if (this.sourceError) throw this.sourceError.error;
    } finally {
      this.slots.remove(this);
    }
  }

  async end(): Promise<void> {
    await Promise.all([this.control.end(), this.releaseSource()]);
  }

  nextWork(): Work | undefined {
    if (this.control.isOver) return undefined;
    this.pullWhenLow();
    const batch = this.waiting[0];
    if (!batch) return undefined;
    const range = batch.take(this.filesPerTask);
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
        md5: options.md5,
        reads: options.reads,
        cancel: control.cancel,
      },
      done: (result) => {
        if (!control.isOver) {
          this.learn(result.elapsedMs / range.count);
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
    return filesPerTask(this.options.readsName, this.msPerFile);
  }

  private learn(msPerFile: number): void {
    const before = this.msPerFile ?? msPerFile;
    this.msPerFile = before + (msPerFile - before) * ESTIMATE_WEIGHT;
  }

  /** One batch at a time, as long as the waiting files would not fill every place once more. */
  private pullWhenLow(): void {
    const { jobs } = this.slots;
    // A batch may be one task, and a thread has two at a time; two more may be done or waiting.
    const isFull = this.open >= 2 * jobs + 2;
    if (this.isPulling || this.isSourceEnded || isFull || this.filesWaiting >= jobs * this.filesPerTask)
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
      // It is thrown when everything that came before it is handed out.
      this.sourceError = { error };
    }
    this.isPulling = false;
    this.control.wake();
    this.slots.fill();
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
   * Tells the source that no more is wanted. One that is still busy with its next batch answers only after it; a run
   * that failed waits for that no longer than for its tasks, and has nobody left to tell of the source's errors.
   */
  private async releaseSource(): Promise<void> {
    if (this.isSourceEnded || !this.source.return) return;
    const released = this.source.return();
    if (!this.control.isFailed) {
      await released;
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DRAIN_DEADLINE_MS);
    });
    await Promise.race([released.catch(() => undefined), deadline]);
    clearTimeout(timer);
  }
}
