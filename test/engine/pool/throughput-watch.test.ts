import { describe, expect, it } from 'vitest';
import { ThroughputWatch } from '../../../engine/pool/throughput-watch.js';

const limits = { minJobs: 1, maxJobs: 64 };

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
    watch.setBusyThreads(watch.jobs * busyShare, nowMs);
    nowMs += (taskFiles / storage(watch.jobs)) * 1000;
    watch.addFiles(taskFiles, nowMs);
  }
}

describe('the watch over the throughput', () => {
  it('climbs where storage gets faster with more tasks, and keeps the curve', () => {
    const watch = new ThroughputWatch(2, limits);
    play(watch, (jobs) => 1000 * Math.min(jobs, 16), 60);
    expect(watch.jobs).toBe(16);
    expect(watch.curve.slice(0, 5).map(({ jobs }) => jobs)).toEqual([2, 4, 8, 16, 32]);
    for (const { jobs, filesPerSecond } of watch.curve) {
      expect(filesPerSecond / (1000 * Math.min(jobs, 16))).toBeCloseTo(1, 1);
    }
  });

  it('learns nothing from a time in which threads had nothing to do', () => {
    const watch = new ThroughputWatch(4, limits);
    play(watch, () => 10_000, 60, 0.5);
    expect(watch.jobs).toBe(4);
    expect(watch.curve).toEqual([]);
  });

  it('keeps a bounded number of points', () => {
    const watch = new ThroughputWatch(2, limits);
    play(watch, () => 10_000, 600);
    expect(watch.curve).toHaveLength(256);
    expect(watch.curve.at(-1)?.atMs).toBeGreaterThan(590_000);
  });
});
