import { describe, expect, it } from 'vitest';
import { startTuner, tune, type TunerState } from '../../../engine/pool/concurrency-tuner.js';

/** The files a second that simulated storage delivers to a number of threads. */
interface Storage {
  (threads: number): number;
  /** From this number of threads on, the tuner is told that the processors are the limit. */
  readonly cpuBoundFrom?: number;
}

const limits = { minThreads: 1, maxThreads: 64, processors: 8 };

/** The tuner is not told that the processors are the limit, as if other programs used them too. */
const twoCores: Storage = (threads) => 80_000 * Math.min(threads, 2) * (threads > 2 ? 0.97 : 1);
const eightCores: Storage = Object.assign((threads: number) => 60_000 * Math.min(threads, 8), {
  cpuBoundFrom: 8,
});
/** Every file takes 10 ms, and the server works on 40 at a time. */
const fileServer: Storage = (threads) => 100 * Math.min(threads, 40);
/** It gets slower with every further thread, because the arm moves more. */
const spinningDisk: Storage = (threads) => 120 / (1 + 0.08 * (threads - 1));
/** It gets a little faster with a queue, because it sorts the requests, and slower with more than eight threads. */
const clevererDisk: Storage = (threads) =>
  120 * Math.min(1.5, 1 + 0.25 * Math.log2(threads)) * (threads > 8 ? 0.7 : 1);

interface Run {
  readonly state: TunerState;
  /** The hashed files, as a share of the files that the best number of threads would have hashed in the same time. */
  readonly efficiency: number;
}

/** Runs the tuner for a number of windows of equal length, with measurements that are off by up to `noise`. */
function run(storage: Storage, start: number, windows: number, noise = 0, from?: TunerState): Run {
  let state = from ?? startTuner(start, limits);
  let files = 0;
  for (let window = 0; window < windows; window += 1) {
    const rate = storage(state.threads);
    files += rate;
    // A fixed pattern without a trend: of five measurements each is off by another of -1, -0.5, 0, 0.5 and 1 times
    // the noise.
    const scatter = [0, 1, -0.5, 0.5, -1][window % 5] ?? 0;
    const isCpuBound = state.threads >= (storage.cpuBoundFrom ?? Number.POSITIVE_INFINITY);
    state = tune(state, { filesPerSecond: rate * (1 + noise * scatter), isCpuBound }, limits);
  }
  const best = Math.max(...Array.from({ length: limits.maxThreads }, (_, at) => storage(at + 1)));
  return { state, efficiency: files / (best * windows) };
}

describe('the tuner', () => {
  it.each([
    ['two cores', twoCores, 2],
    ['eight cores', eightCores, 8],
    ['a file server', fileServer, 64],
    ['a spinning disk', spinningDisk, 1],
  ] as const)('settles on %s from any start', (_name, storage, best) => {
    for (const start of [1, 2, 4, 8, 32, 64]) {
      const { state } = run(storage, start, 30);
      expect(`from ${start}: ${state.bestThreads}`).toBe(`from ${start}: ${best}`);
    }
  });

  it.each([
    ['two cores', twoCores],
    ['eight cores', eightCores],
    ['a file server', fileServer],
    ['a spinning disk', spinningDisk],
    ['a cleverer disk', clevererDisk],
  ] as const)(
    'loses little on %s over a long scan, though measurements scatter by 4 %%',
    (_name, storage) => {
      for (const start of [1, 2, 16]) {
        expect(run(storage, start, 1000, 0.04).efficiency, `from ${start}`).toBeGreaterThan(0.93);
      }
    },
  );

  it('is never much worse than one thread on a spinning disk, from the beginning on', () => {
    const one = spinningDisk(1);
    for (const windows of [5, 10, 50]) {
      const files = run(spinningDisk, 2, windows).efficiency * one * windows;
      expect(files / (one * windows)).toBeGreaterThan(0.9);
    }
  });

  it('makes a fourfold first step if no disk can be so fast, and otherwise doubles', () => {
    const flash = tune(startTuner(2, limits), { filesPerSecond: 1500, isCpuBound: false }, limits);
    expect(flash).toMatchObject({ trial: 'up', threads: 8 });
    const disk = tune(startTuner(2, limits), { filesPerSecond: 110, isCpuBound: false }, limits);
    expect(disk).toMatchObject({ trial: 'up', threads: 4 });
  });

  it('climbs no further once a step has put all processors to use', () => {
    let most = 0;
    let state = startTuner(2, limits);
    for (let window = 0; window < 12; window += 1) {
      most = Math.max(most, state.threads);
      state = tune(state, { filesPerSecond: 400 * state.threads, isCpuBound: state.threads >= 16 }, limits);
    }
    expect({ most, settled: state.bestThreads }).toEqual({ most: 16, settled: 16 });
  });

  it('notices that the storage has changed', () => {
    const warm = run(twoCores, 2, 200);
    expect(warm.state.bestThreads).toBe(2);
    const cold = run(fileServer, 2, 20, 0, warm.state);
    expect(cold.state.bestThreads).toBe(64);
    const warmAgain = run(twoCores, 2, 20, 0, cold.state);
    expect(warmAgain.state.bestThreads).toBe(2);
  });

  it('makes no trials while the processors are the limit', () => {
    let state = startTuner(8, limits);
    for (let window = 0; window < 100; window += 1) {
      expect(state.threads).toBe(8);
      state = tune(state, { filesPerSecond: eightCores(8), isCpuBound: true }, limits);
    }
  });

  it('goes down to the number of processors when a cold cache becomes warm', () => {
    const cold = run(fileServer, 8, 30);
    expect(cold.state.bestThreads).toBe(64);
    expect(run(eightCores, 8, 10, 0, cold.state).state.bestThreads).toBe(8);
  });

  it('does not let small losses add up on the way down', () => {
    // Each halving costs 2.5 %, which no single measurement shows.
    const slope: Storage = (threads) => 100 - 2.5 * Math.log2(64 / threads);
    expect(run(slope, 64, 12).state.bestThreads).toBe(32);
  });

  it('stays within its limits', () => {
    const narrow = { minThreads: 2, maxThreads: 6, processors: 4 };
    let state = startTuner(100, narrow);
    for (let window = 0; window < 200; window += 1) {
      expect(state.threads).toBeGreaterThanOrEqual(2);
      expect(state.threads).toBeLessThanOrEqual(6);
      state = tune(state, { filesPerSecond: (window * 7919) % 100, isCpuBound: window % 5 === 0 }, narrow);
    }
  });

  it('waits longer between trials the longer they find nothing better', () => {
    let state = startTuner(2, limits);
    const trials: number[] = [];
    for (let window = 0; window < 2000; window += 1) {
      if (state.trial === 'up') trials.push(window);
      state = tune(state, { filesPerSecond: twoCores(state.threads), isCpuBound: false }, limits);
    }
    const pauses = trials.slice(1).map((window, at) => window - (trials[at] ?? 0));
    expect(pauses.length).toBeGreaterThan(3);
    for (const [at, pause] of pauses.slice(1).entries())
      expect(pause).toBeGreaterThanOrEqual(pauses[at] ?? 0);
    expect(pauses.at(-1)).toBeGreaterThan(500);
  });
});
