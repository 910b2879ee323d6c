import { describe, expect, it } from 'vitest';
import { ThroughputWatch } from '../../../engine/pool/throughput-watch.js';

const limits = { minThreads: 1, maxThreads: 64, processors: 2 };
const idle = { start: (): void => undefined, isBound: (): boolean => false };

/**
 * Reports tasks of 50 files to a watch for some seconds, at the rate of the storage, with a share of the threads
 * busy.
 */
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

describe('the throughput watch', () => {
  it('raises the number of threads while that makes the storage faster, and keeps the curve', () => {
    const watch = new ThroughputWatch(2, limits, idle);
    play(watch, (jobs) => 1000 * Math.min(jobs, 16), 60);
    expect(watch.concurrency).toBe(16);
    expect(watch.curve.slice(0, 5).map(({ jobs }) => jobs)).toEqual([2, 8, 16, 32, 16]);
    for (const { jobs, filesPerSecond } of watch.curve) {
      expect(filesPerSecond / (1000 * Math.min(jobs, 16))).toBeCloseTo(1, 1);
    }
  });

  it('ignores windows in which threads were idle', () => {
    const watch = new ThroughputWatch(4, limits, idle);
    play(watch, () => 10_000, 60, 0.5);
    expect(watch.concurrency).toBe(4);
    expect(watch.curve).toEqual([]);
  });

  it('ignores the time in which threads are still starting', () => {
    const watch = new ThroughputWatch(4, limits, idle);
    for (let nowMs = 1; nowMs < 60_000; nowMs += 5) {
      watch.setBusyThreads(4, nowMs);
      watch.addFiles(50, 3, nowMs);
    }
    expect(watch.curve).toEqual([]);
  });

  it('keeps the number of threads if the processors are the limit', () => {
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
