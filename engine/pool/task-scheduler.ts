import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { DIGEST_BYTES } from '../digest/batch-digests.js';
import { releaseReader } from '../digest/sample-reader-choice.js';
import type { AutomaticJobs } from './automatic-jobs.js';
import type { TunerLimits } from './concurrency-tuner.js';
import { CpuMeter } from './cpu-meter.js';
import { EngineError } from './engine-error.js';
import type {
  GoneResult,
  GoneTask,
  HashResult,
  HashTask,
  HeldByThread,
  RootResult,
  RootTask,
  WalkResult,
  WalkTask,
  WorkerResult,
  WorkerTask,
} from './messages.js';
import { ThroughputWatch, type TunerPoint } from './throughput-watch.js';

/** A task and where its result goes: exactly one of `done` and `fail` is called, once. */
export type Work =
  | {
      readonly kind: 'root';
      readonly task: RootTask;
      done(result: RootResult): void;
      fail(error: EngineError): void;
    }
  | {
      readonly kind: 'gone';
      readonly task: GoneTask;
      done(result: GoneResult): void;
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

/** Somebody with work for the threads: one walk, one run of hashing, or one look. */
export interface WorkSource {
  /** The next piece of work, asked for when a thread is free; undefined: none at this moment. */
  nextWork(): Work | undefined;
}

export interface WorkSlotsOptions {
  readonly workerFile: URL;
  /** Threads that work at a time: a number, or a start and a cap for the tuner. */
  readonly jobs: number | AutomaticJobs;
}

/**
 * A thread without work ends after this long. Neither the gaps of a scan (a slow transaction, a pause of the walk) nor
 * those between one library and the next may cost new threads: starting one and compiling what it runs takes 80 ms of
 * processor, a sixth of hashing 50,000 files. An idle server should not keep them.
 */
const IDLE_THREAD_MS = 30_000;

/**
 * A thread has one task and one waiting behind it: while its result goes to the main thread and the next task comes
 * back, it has something to do. With one at a time 0.6 ms passed between two tasks of 9 ms (two cores, all in use).
 */
const TASKS_A_THREAD = 2;

/** A thread that hangs in a system call of a dead file server cannot be ended; close() does not wait for it. */
const CLOSE_DEADLINE_MS = 5000;
/** Of that, how long tasks that were cancelled may take to notice: they look up after a hundred files. */
const CLOSE_DRAIN_MS = 2000;

/**
 * The threads and the places in them. Sources are asked in turn when a place is free, so that walks and hashing, and
 * two scans at a time, share them; nothing waits in a queue between.
 */
export class WorkSlots {
  private readonly piscina: Piscina<WorkerTask, WorkerResult>;
  private readonly sources: WorkSource[] = [];
  private readonly watch: ThroughputWatch | undefined;
  private readonly fixedJobs: number;
  private readonly inFlight = new Set<Work>();
  private startedThreads = 0;
  private isFilling = false;
  private isFillWanted = false;
  private isClosed = false;
  private onDrained: (() => void) | undefined;

  constructor(options: WorkSlotsOptions) {
    const { jobs } = options;
    this.fixedJobs = typeof jobs === 'number' ? jobs : jobs.start;
    this.watch =
      typeof jobs === 'number'
        ? undefined
        : new ThroughputWatch(jobs.start, limitsOf(jobs.max), new CpuMeter());
    this.piscina = new Piscina<WorkerTask, WorkerResult>({
      filename: options.workerFile.href,
      minThreads: 0,
      maxThreads: this.jobs,
      concurrentTasksPerWorker: TASKS_A_THREAD,
      loadBalancer: (_task, workers) => {
        const busy = workers.filter(({ currentUsage }) => currentUsage > 0);
        if (busy.length < this.jobs) {
          const idle = workers.find(({ currentUsage }) => currentUsage === 0);
          // Piscina starts another thread when it gets none, as long as there are fewer than `maxThreads`.
          if (idle || workers.length < this.jobs) return idle ?? null;
        }
        return busy.find(({ currentUsage }) => currentUsage < TASKS_A_THREAD) ?? null;
      },
      idleTimeout: IDLE_THREAD_MS,
      recordTiming: false,
      // Nothing of a task outlives it but its result. Twice the default's scavenges, 1.5 MB less a thread.
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    this.piscina.on('workerCreate', () => {
      this.startedThreads += 1;
    });
    this.piscina.on('workerDestroy', () => {
      this.startedThreads -= 1;
    });
    // Piscina says here, and only here, that a thread could not even start. Its tasks would wait for ever.
    this.piscina.on('error', (cause: unknown) => {
      const lost = [...this.inFlight];
      for (const work of lost) this.fail(work, cause);
    });
  }

  get jobs(): number {
    return this.watch?.jobs ?? this.fixedJobs;
  }

  get threads(): number {
    return this.piscina.threads.length;
  }

  get tasks(): number {
    return this.inFlight.size;
  }

  get curve(): readonly TunerPoint[] {
    return this.watch?.curve ?? [];
  }

  add(source: WorkSource): void {
    this.sources.push(source);
    this.fill();
  }

  remove(source: WorkSource): void {
    const at = this.sources.indexOf(source);
    if (at !== -1) this.sources.splice(at, 1);
  }

  /** Gives out work while places are free. Sources call it when they have new work; it may be called from within. */
  fill(): void {
    this.isFillWanted = true;
    if (this.isFilling) return;
    this.isFilling = true;
    while (this.isFillWanted) {
      this.isFillWanted = false;
      for (let work = this.takeWork(); work; work = this.takeWork()) this.start(work);
    }
    this.isFilling = false;
    this.watch?.setBusyThreads(Math.min(this.inFlight.size, this.jobs), performance.now());
  }

  /**
   * Ends the threads, within a deadline. What is in flight, and should have been cancelled, is waited for first: a thread
   * that is ended in the middle leaves its files open. Whatever does not end by itself fails.
   */
  async close(): Promise<void> {
    this.isClosed = true;
    const drained = new Promise<void>((resolve) => {
      this.onDrained = resolve;
      this.noteDrained();
    });
    await within(CLOSE_DRAIN_MS, drained);
    await within(CLOSE_DEADLINE_MS - CLOSE_DRAIN_MS, this.piscina.destroy());
  }

  private noteDrained(): void {
    if (this.inFlight.size === 0) this.onDrained?.();
  }

  /** Asks each source in turn, beginning behind the one that gave last. */
  private takeWork(): Work | undefined {
    if (this.isClosed || this.inFlight.size >= this.jobs * TASKS_A_THREAD) return undefined;
    for (let asked = 0; asked < this.sources.length; asked += 1) {
      const source = this.sources.shift();
      if (!source) return undefined;
      this.sources.push(source);
      const work = source.nextWork();
      if (work) return work;
    }
    return undefined;
  }

  private start(work: Work): void {
    this.inFlight.add(work);
    // Piscina starts a thread for a task that finds none idle, up to this many. It must be kept at our number, or
    // it would start another thread for each task that comes while the first are still starting.
    this.piscina.options.maxThreads = this.jobs;
    this.piscina.run(work.task).then(
      (result) => this.land(work, result),
      (error: unknown) => this.fail(work, error),
    );
  }

  private land(work: Work, result: WorkerResult): void {
    if (!this.inFlight.delete(work)) return;
    if (work.kind === 'root' && result.kind === 'root') work.done(result);
    else if (work.kind === 'gone' && result.kind === 'gone') work.done(result);
    else if (work.kind === 'walk' && result.kind === 'walk') work.done(result);
    else if (work.kind === 'hash' && result.kind === 'hash') {
      this.watch?.addFiles(result.partialMd5.length / DIGEST_BYTES, this.startedThreads, performance.now());
      if (result.held !== undefined) this.releaseWithThread(result.held);
      work.done(result);
    }
    this.noteDrained();
    this.fill();
  }

  /** A ring may be given back only when nobody uses it any more. */
  private releaseWithThread({ threadId, handles }: HeldByThread): void {
    const thread = this.piscina.threads.find((worker) => worker.threadId === threadId);
    thread?.once('exit', () => releaseReader(handles));
  }

  private fail(work: Work, cause: unknown): void {
    if (!this.inFlight.delete(work)) return;
    work.fail(new EngineError('worker-failed', 'a worker thread failed', { cause }));
    this.noteDrained();
    this.fill();
  }
}

function limitsOf(maxJobs: number): TunerLimits {
  return { minJobs: 1, maxJobs, processors: availableParallelism() };
}

/** Waits for it, but no longer than that. */
async function within(deadlineMs: number, wanted: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([wanted, deadline]);
  clearTimeout(timer);
}
