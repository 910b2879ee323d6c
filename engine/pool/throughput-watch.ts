import type { CpuMeter } from './cpu-meter.js';
import { startTuner, tune, type TunerLimits, type TunerState } from './concurrency-tuner.js';

/** One step of the tuner: what a number of tasks in flight gave. */
export interface TunerPoint {
  readonly atMs: number;
  readonly jobs: number;
  readonly filesPerSecond: number;
}

/** Long enough that a window holds many tasks of a warm cache (6 ms each). */
const MIN_WINDOW_MS = 250;
/** On slow storage a window must see each place finish some tasks; otherwise it counts by chance. */
const MIN_TASKS_A_JOB = 3;
/** After a change, and when its threads have started: the tasks of the old number end. */
const SETTLE_MS = 100;
/** A window in which places stood empty (the walk, the consumer or the main thread was slower) says nothing. */
const MIN_UTILIZATION = 0.9;
/** Points kept for status(): the first scan's whole climb, and hours of the rest. */
const MAX_POINTS = 256;

/** Counts files and time, and lets the tuner decide when a window is full. */
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

  constructor(startJobs: number, limits: TunerLimits, cpu: Pick<CpuMeter, 'start' | 'isBound'>) {
    this.limits = limits;
    this.cpu = cpu;
    this.state = startTuner(startJobs, limits);
  }

  get jobs(): number {
    return this.state.jobs;
  }

  /** The steps so far, oldest first. */
  get curve(): readonly TunerPoint[] {
    return this.points;
  }

  /** To be told each time it changes how many threads have something to do. */
  setBusyThreads(threads: number, nowMs: number): void {
    this.addBusyTime(nowMs);
    this.busyThreads = threads;
  }

  /** A hash task came back. May change `jobs`. */
  addFiles(files: number, startedThreads: number, nowMs: number): void {
    this.addBusyTime(nowMs);
    if (startedThreads < this.state.jobs) this.settleUntilMs = nowMs + SETTLE_MS;
    if (nowMs < this.settleUntilMs) {
      this.startWindow(nowMs);
      return;
    }
    if (this.tasks === 0) this.cpu.start();
    this.files += files;
    this.tasks += 1;
    const elapsedMs = nowMs - this.windowStartMs;
    if (elapsedMs < MIN_WINDOW_MS || this.tasks < MIN_TASKS_A_JOB * this.state.jobs) return;
    const filesPerSecond = (this.files / elapsedMs) * 1000;
    const isUsed = this.busyMs / elapsedMs >= MIN_UTILIZATION * this.state.jobs;
    this.startWindow(nowMs);
    if (!isUsed) return;
    if (this.points.length === MAX_POINTS) this.points.shift();
    this.points.push({ atMs: nowMs, jobs: this.state.jobs, filesPerSecond });
    const before = this.state.jobs;
    this.state = tune(this.state, { filesPerSecond, isCpuBound: this.cpu.isBound() }, this.limits);
    if (this.state.jobs !== before) this.settleUntilMs = nowMs + SETTLE_MS;
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
