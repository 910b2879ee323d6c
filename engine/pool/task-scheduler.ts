import { availableParallelism } from 'node:os';
import { DIGEST_BYTES } from '../digest/batch-digests.js';
import { releaseReader } from '../digest/sample-reader-choice.js';
import type { AutomaticConcurrency } from './automatic-concurrency.js';
import type { TunerLimits } from './concurrency-tuner.js';
import { CpuMeter } from './cpu-meter.js';
import { EngineError } from './engine-error.js';
import type {
  HashResult,
  HashTask,
  PathProbeResult,
  PathProbeTask,
  RootProbeResult,
  RootProbeTask,
  SmallFileResult,
  SmallFileTask,
  ThreadRing,
  WalkResult,
  WalkTask,
  WorkerResult,
  WorkerTask,
} from './messages.js';
import { PiscinaPool } from './piscina-pool.js';
import { settledWithin } from './settled-within.js';
import { ThroughputWatch, type TunerPoint } from './throughput-watch.js';

/** A task and the callbacks for its outcome. Exactly one of `done` and `fail` is called, once. */
export type ScheduledTask =
  | {
      readonly kind: 'root-probe';
      readonly task: RootProbeTask;
      done(result: RootProbeResult): void;
      fail(error: EngineError): void;
    }
  | {
      readonly kind: 'path-probe';
      readonly task: PathProbeTask;
      done(result: PathProbeResult): void;
      fail(error: EngineError): void;
    }
  | {
      readonly kind: 'small-file';
      readonly task: SmallFileTask;
      done(result: SmallFileResult): void;
      fail(error: EngineError): void;
    }
  | {
      readonly kind: 'walk';
      readonly task: WalkTask;
      done(result: WalkResult): void;
      fail(error: EngineError): void;
    }
  | {
      readonly kind: 'hash';
      readonly task: HashTask;
      done(result: HashResult): void;
      fail(error: EngineError): void;
    };

/** Something that produces tasks: a walk, a run of hashing, or a single probe. */
export interface TaskSource {
  /** Called when there is room for a task. Returns undefined if there is none at the moment. */
  nextTask(): ScheduledTask | undefined;
}

export interface TaskSchedulerOptions {
  readonly workerFile: URL;
  /** How many threads may work at a time: a fixed number, or a range for the tuner. */
  readonly concurrency: number | AutomaticConcurrency;
}

/**
 * A thread without a task is ended after this time. The pauses within a scan (a slow transaction, a walk that waits)
 * and between one library and the next must be shorter, because starting a thread and compiling its code takes 80 ms
 * of processor time, a sixth of what hashing 50,000 files takes. An idle server must not keep the threads for ever.
 */
const IDLE_THREAD_MS = 30_000;

/**
 * Each thread has one task that it works on and one that waits. The thread works on the second task while the result
 * of the first goes to the main thread and the next task comes back. With one task a thread it was idle for 0.6 ms
 * between two tasks of 9 ms (measured on two cores, both in use).
 */
const TASKS_PER_THREAD = 2;

/**
 * A thread that hangs in a system call of a dead file server cannot be ended, so close() stops waiting after this
 * time.
 */
const CLOSE_DEADLINE_MS = 5000;
/** The part of it for which tasks that were cancelled may go on. They check for cancellation after a hundred files. */
const CLOSE_DRAIN_MS = 2000;

/**
 * Distributes the tasks of all sources among the threads. Whenever there is room for a task, the sources are asked in
 * turn, so walks and hashing, and two scans at a time, share the threads. No task is made before there is room for
 * it.
 */
export class TaskScheduler {
  private readonly pool: PiscinaPool<WorkerTask, WorkerResult>;
  private readonly sources: TaskSource[] = [];
  private readonly watch: ThroughputWatch | undefined;
  private readonly fixedConcurrency: number;
  private readonly inFlight = new Set<ScheduledTask>();
  private isFilling = false;
  private isFillWanted = false;
  private isClosed = false;
  private onDrained: (() => void) | undefined;

  constructor(options: TaskSchedulerOptions) {
    const { concurrency } = options;
    this.fixedConcurrency = typeof concurrency === 'number' ? concurrency : concurrency.start;
    this.watch =
      typeof concurrency === 'number'
        ? undefined
        : new ThroughputWatch(concurrency.start, limitsOf(concurrency.max), new CpuMeter());
    this.pool = new PiscinaPool({
      workerFile: options.workerFile,
      maxThreads: () => this.concurrency,
      tasksPerThread: TASKS_PER_THREAD,
      idleThreadMs: IDLE_THREAD_MS,
      onStartFailed: (cause) => {
        const lost = [...this.inFlight];
        for (const scheduled of lost) this.fail(scheduled, cause);
      },
    });
  }

  /** How many threads may work at a time, at this moment. */
  get concurrency(): number {
    return this.watch?.concurrency ?? this.fixedConcurrency;
  }

  /** The number of threads that are alive. */
  get threads(): number {
    return this.pool.threads;
  }

  /** The number of tasks that the threads have, waiting ones included. */
  get tasks(): number {
    return this.inFlight.size;
  }

  get curve(): readonly TunerPoint[] {
    return this.watch?.curve ?? [];
  }

  add(source: TaskSource): void {
    this.sources.push(source);
    this.fill();
  }

  remove(source: TaskSource): void {
    const at = this.sources.indexOf(source);
    if (at !== -1) this.sources.splice(at, 1);
  }

  /** Starts tasks while there is room. Sources call it when they have new tasks, also from within `nextTask`. */
  fill(): void {
    this.isFillWanted = true;
    if (this.isFilling) return;
    this.isFilling = true;
    while (this.isFillWanted) {
      this.isFillWanted = false;
      for (let next = this.takeTask(); next; next = this.takeTask()) this.start(next);
    }
    this.isFilling = false;
    this.watch?.setBusyThreads(Math.min(this.inFlight.size, this.concurrency), performance.now());
  }

  /**
   * Ends the threads within a deadline. It first waits for the tasks in flight, which the caller should have cancelled,
   * because a thread that is ended during a task leaves files open. Tasks that do not end in time fail.
   */
  async close(): Promise<void> {
    this.isClosed = true;
    const drained = new Promise<void>((resolve) => {
      this.onDrained = resolve;
      this.noteDrained();
    });
    await settledWithin(drained, CLOSE_DRAIN_MS);
    await settledWithin(this.pool.destroy(), CLOSE_DEADLINE_MS - CLOSE_DRAIN_MS);
  }

  private noteDrained(): void {
    if (this.inFlight.size === 0) this.onDrained?.();
  }

  /** Asks each source in turn, beginning with the one after the source that gave the last task. */
  private takeTask(): ScheduledTask | undefined {
    if (this.isClosed || this.inFlight.size >= this.concurrency * TASKS_PER_THREAD) return undefined;
    for (let asked = 0; asked < this.sources.length; asked += 1) {
      const source = this.sources.shift();
      if (!source) return undefined;
      this.sources.push(source);
      const next = source.nextTask();
      if (next) return next;
    }
    return undefined;
  }

  private start(scheduled: ScheduledTask): void {
    this.inFlight.add(scheduled);
    this.pool.run(scheduled.task).then(
      (result) => this.finish(scheduled, result),
      (error: unknown) => this.fail(scheduled, error),
    );
  }

  private finish(scheduled: ScheduledTask, result: WorkerResult): void {
    if (!this.inFlight.delete(scheduled)) return;
    if (scheduled.kind === 'root-probe' && result.kind === 'root-probe') scheduled.done(result);
    else if (scheduled.kind === 'path-probe' && result.kind === 'path-probe') scheduled.done(result);
    else if (scheduled.kind === 'small-file' && result.kind === 'small-file') scheduled.done(result);
    else if (scheduled.kind === 'walk' && result.kind === 'walk') {
      if (result.newRing !== undefined) this.releaseWithThread(result.newRing);
      scheduled.done(result);
    } else if (scheduled.kind === 'hash' && result.kind === 'hash') {
      const files = result.partialMd5.length / DIGEST_BYTES;
      this.watch?.addFiles(files, this.pool.startedThreads, performance.now());
      if (result.newRing !== undefined) this.releaseWithThread(result.newRing);
      scheduled.done(result);
    }
    this.noteDrained();
    this.fill();
  }

  /** A ring may be released only after its thread has ended, because until then the thread may use it. */
  private releaseWithThread({ threadId, handles }: ThreadRing): void {
    this.pool.onceThreadEnded(threadId, () => releaseReader(handles));
  }

  private fail(scheduled: ScheduledTask, cause: unknown): void {
    if (!this.inFlight.delete(scheduled)) return;
    scheduled.fail(new EngineError('worker-failed', 'a worker thread failed', { cause }));
    this.noteDrained();
    this.fill();
  }
}

function limitsOf(maxThreads: number): TunerLimits {
  return { minThreads: 1, maxThreads, processors: availableParallelism() };
}
