import { describe, expect, it } from 'vitest';
import { ThroughputWatch } from '../../../engine/pool/throughput-watch.js';

const limits = { minThreads: 1, maxThreads: 64, processors: 2 };
const idle = { start: (): void => undefined, isBound: (): boolean => false };

/** Plays tasks of some files to a watch, evenly over a time, with all threads busy or only some. */
function play(
  watch: ThroughputWatch,
  storage: (jobs: number) => number,
  seconds: number,
  busyShare = 1,
): void {
  const taskFiles = 50;
  let nowMs = 1;
  while (nowMs < seconds * 1000) {
    watch.setBusyThreads(watch.concurrency * busyShare, nowMs);
    nowMs += (taskFiles / storage(watch.concurrency)) * 1000;
    watch.addFiles(taskFiles, watch.concurrency, nowMs);
  }
}

describe('the watch over the throughput', () => {
  it('climbs where storage gets faster with more tasks, and keeps the curve', () => {
    const watch = new ThroughputWatch(2, limits, idle);
    play(watch, (jobs) => 1000 * Math.min(jobs, 16), 60);
    expect(watch.concurrency).toBe(16);
    expect(watch.curve.slice(0, 5).map(({ jobs }) => jobs)).toEqual([2, 8, 16, 32, 16]);
    for (const { jobs, filesPerSecond } of watch.curve) {
      expect(filesPerSecond / (1000 * Math.min(jobs, 16))).toBeCloseTo(1, 1);
    }
  });

  it('learns nothing from a time in which threads had nothing to do', () => {
    const watch = new ThroughputWatch(4, limits, idle);
    play(watch, () => 10_000, 60, 0.5);
    expect(watch.concurrency).toBe(4);
    expect(watch.curve).toEqual([]);
  });

  it('learns nothing while the threads of a new number are still starting', () => {
    const watch = new ThroughputWatch(4, limits, idle);
    for (let nowMs = 1; nowMs < 60_000; nowMs += 5) {
      watch.setBusyThreads(4, nowMs);
      watch.addFiles(50, 3, nowMs);
    }
    expect(watch.curve).toEqual([]);
  });

  it('stays where the processors are the limit', () => {
    const watch = new ThroughputWatch(2, limits, { ...idle, isBound: () => true });
    play(watch, () => 10_000, 60);
    expect(new Set(watch.curve.map(({ jobs }) => jobs))).toEqual(new Set([2]));
  });

  it('keeps a bounded number of points', () => {
    const watch = new ThroughputWatch(2, limits, idle);
    play(watch, () => 10_000, 600);
    expect(watch.curve).toHaveLength(256);
    expect(watch.curve.at(-1)?.atMs).toBeGreaterThan(590_000);
  });
});
