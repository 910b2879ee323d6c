import type { CpuMeter } from './cpu-meter.js';
import { startTuner, tune, type TunerLimits, type TunerState } from './concurrency-tuner.js';

/** One measurement of the tuner, which chooses how many threads work at a time. */
export interface TunerPoint {
  /** When the measurement ended, as `performance.now()` of the main thread. */
  readonly atMs: number;
  /** The number of threads that worked at a time. */
  readonly jobs: number;
  /** What all threads together hashed. */
  readonly filesPerSecond: number;
}

/** Minimum length of a measuring window. It contains many tasks with a warm cache, where one takes 6 ms. */
const MIN_WINDOW_MS = 250;
/** On slow storage a window is longer: with fewer finished tasks for each thread the result would be chance. */
const MIN_TASKS_PER_THREAD = 3;
/**
 * After a change of the number, and after its threads have started, the tasks of the old number get this time to end.
 */
const SETTLE_MS = 100;
/**
 * The share of a window in which the threads must have been busy. Otherwise the walk, the consumer or the main thread
 * was the limit, and the window is discarded.
 */
const MIN_UTILIZATION = 0.9;
/** Number of points kept for status(): the whole beginning of a first scan, or several hours later on. */
const MAX_POINTS = 256;

/** Measures the throughput in windows of time, and passes each complete window to the tuner. */
export class ThroughputWatch {
  private state: TunerState;
  private readonly limits: TunerLimits;
  private readonly cpu: Pick<CpuMeter, 'start' | 'isBound'>;
  private readonly points: TunerPoint[] = [];
  private windowStartMs = 0;
  private settleUntilMs = 0;
  private files = 0;
  private tasks = 0;
  private busyMs = 0;
  private lastSeenMs = 0;
  private busyThreads = 0;

  constructor(start: number, limits: TunerLimits, cpu: Pick<CpuMeter, 'start' | 'isBound'>) {
    this.limits = limits;
    this.cpu = cpu;
    this.state = startTuner(start, limits);
  }

  /** How many threads are to work at a time. `addFiles` may change it. */
  get concurrency(): number {
    return this.state.threads;
  }

  /** The measurements, oldest first, the last `MAX_POINTS` of them. */
  get curve(): readonly TunerPoint[] {
    return this.points;
  }

  /** To be called whenever the number of threads that have a task changes. */
  setBusyThreads(threads: number, nowMs: number): void {
    this.addBusyTime(nowMs);
    this.busyThreads = threads;
  }

  /** To be called when a hash task is done. It may change `concurrency`. */
  addFiles(files: number, startedThreads: number, nowMs: number): void {
    this.addBusyTime(nowMs);
    if (startedThreads < this.state.threads) this.settleUntilMs = nowMs + SETTLE_MS;
    if (nowMs < this.settleUntilMs) {
      this.startWindow(nowMs);
      return;
    }
    if (this.tasks === 0) this.cpu.start();
    this.files += files;
    this.tasks += 1;
    const elapsedMs = nowMs - this.windowStartMs;
    if (elapsedMs < MIN_WINDOW_MS || this.tasks < MIN_TASKS_PER_THREAD * this.state.threads) return;
    const filesPerSecond = (this.files / elapsedMs) * 1000;
    const isUsed = this.busyMs / elapsedMs >= MIN_UTILIZATION * this.state.threads;
    this.startWindow(nowMs);
    if (!isUsed) return;
    if (this.points.length === MAX_POINTS) this.points.shift();
    this.points.push({ atMs: nowMs, jobs: this.state.threads, filesPerSecond });
    const before = this.state.threads;
    this.state = tune(this.state, { filesPerSecond, isCpuBound: this.cpu.isBound() }, this.limits);
    if (this.state.threads !== before) this.settleUntilMs = nowMs + SETTLE_MS;
  }

  private addBusyTime(nowMs: number): void {
    this.busyMs += this.busyThreads * (nowMs - this.lastSeenMs);
    this.lastSeenMs = nowMs;
  }

  private startWindow(nowMs: number): void {
    this.windowStartMs = nowMs;
    this.files = 0;
    this.tasks = 0;
    this.busyMs = 0;
  }
}
