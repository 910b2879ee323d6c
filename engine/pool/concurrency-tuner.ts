/**
 * Decides how many threads work at a time from the throughput that each number gave. Pure: a state and a measurement
 * in, the next state out; the clock and the counting are in throughput-watch.ts.
 *
 * Storage decides what is best: a warm cache and a fast disk are bound by the processor (one thread a core), a cold
 * disk array or a file server by its latency (tens of threads), a single spinning disk gets slower with every thread
 * that makes its arm move. So: double while that helps, then halve while that costs nothing, then stay, and try again
 * from time to time, because caches fill and neighbours come and go.
 */
export interface TunerState {
  /** Threads at work, to be measured next. */
  readonly jobs: number;
  /** The best number so far, and its files a second; undefined: not measured yet. */
  readonly bestJobs: number;
  readonly bestRate: number | undefined;
  /** `settled`: `jobs` is the best; otherwise the direction of the number on trial. */
  readonly trial: 'settled' | 'up' | 'down';
  /** Measurements to go before the next trial, and how many to wait once that finds nothing. */
  readonly rest: number;
  readonly nextRest: number;
  /** Directions that are known to lead nowhere: 0, or 1 while the other is to be tried. */
  readonly failedTrials: number;
}

/** What `jobs` threads gave. */
export interface Measurement {
  readonly filesPerSecond: number;
  /** The process had nearly all of the processors, so that no other number could give more. */
  readonly isCpuBound: boolean;
}

export interface TunerLimits {
  readonly minJobs: number;
  readonly maxJobs: number;
  readonly processors: number;
}

/** Twice the threads must be worth their memory and their noise: less than a tenth more is not. */
const GAIN_TO_GROW = 1.1;
/**
 * The first step is fourfold where a thread gets through this many files a second: that is no arm of a disk, which needs
 * 50 ms for the seven places of a file, and each step on the way costs half a second at a part of the speed.
 */
const FIRST_STEP = 4;
const NO_DISK_ARM_FILES_PER_SECOND = 200;
/** Half the threads may cost what measurements scatter by, and no more. */
const LOSS_TO_SHRINK = 0.97;
/** The throughput of the settled number changed so much that the storage must have: look around at once. */
const STORAGE_CHANGED = 1.5;
/**
 * Measurements between trials: 16 windows of a quarter second and more. Each pair of trials in vain doubles that, up
 * to two minutes, so that the trials' own loss (one window at half speed) stays under a hundredth.
 */
const FIRST_REST = 16;
const LONGEST_REST = 512;

export function startTuner(jobs: number, limits: TunerLimits): TunerState {
  const start = Math.min(Math.max(jobs, limits.minJobs), limits.maxJobs);
  return {
    jobs: start,
    bestJobs: start,
    bestRate: undefined,
    trial: 'settled',
    rest: 0,
    nextRest: FIRST_REST,
    failedTrials: 0,
  };
}

export function tune(state: TunerState, measured: Measurement, limits: TunerLimits): TunerState {
  switch (state.trial) {
    case 'settled':
      return afterSettled(state, measured, limits);
    case 'up':
    case 'down':
      return afterTrial(state, state.trial, measured, limits);
    default:
      return state.trial satisfies never;
  }
}

function afterSettled(state: TunerState, measurement: Measurement, limits: TunerLimits): TunerState {
  const rate = measurement.filesPerSecond;
  const before = state.bestRate ?? rate;
  const measured: TunerState = { ...state, bestRate: rate };
  const isChanged = Math.max(before, rate) > STORAGE_CHANGED * Math.min(before, rate);
  const isResting = state.rest > 0 && !isChanged;
  if (measurement.isCpuBound) {
    // More threads would cost 35 ms of processor each, for nothing; fewer than the processors would be slower.
    if (state.bestJobs <= limits.processors) return measured;
    return isResting ? rested(measured) : tryNext({ ...measured, failedTrials: 1 }, 'down', limits);
  }
  if (isResting) return rested(measured);
  const fresh = isChanged ? { ...measured, nextRest: FIRST_REST, failedTrials: 0 } : measured;
  if (fresh.failedTrials > 0) return tryNext(fresh, 'down', limits);
  const isFirst = state.bestRate === undefined;
  const isFast = rate >= state.jobs * NO_DISK_ARM_FILES_PER_SECOND;
  return tryNext(fresh, 'up', limits, isFirst && isFast ? FIRST_STEP : undefined);
}

function rested(state: TunerState): TunerState {
  return { ...state, rest: state.rest - 1 };
}

function afterTrial(
  state: TunerState,
  trial: 'up' | 'down',
  { filesPerSecond: rate, isCpuBound }: Measurement,
  limits: TunerLimits,
): TunerState {
  const best = state.bestRate ?? 0;
  const isBetter = trial === 'up' ? rate >= best * GAIN_TO_GROW : rate >= best * LOSS_TO_SHRINK;
  if (!isBetter) return afterFailedTrial(state);
  // Going down keeps the higher rate as its measure, so that small losses do not add up step by step.
  const bestRate = trial === 'up' ? rate : Math.max(best, rate);
  // The way back is known to be worse, so it counts as tried.
  const better: TunerState = {
    ...state,
    bestJobs: state.jobs,
    bestRate,
    nextRest: FIRST_REST,
    failedTrials: 1,
  };
  // With the processors all in use there is nothing left to gain, and each thread more takes of them.
  if (trial === 'up' && isCpuBound) return { ...better, trial: 'settled', rest: FIRST_REST };
  return tryNext(better, trial, limits);
}

/** Puts the next number in a direction on trial; at the end of the range that trial has failed without being made. */
function tryNext(state: TunerState, trial: 'up' | 'down', limits: TunerLimits, factor = 2): TunerState {
  const jobs =
    trial === 'up'
      ? Math.min(state.bestJobs * factor, limits.maxJobs)
      : Math.max(Math.floor(state.bestJobs / factor), limits.minJobs);
  return jobs === state.bestJobs ? afterFailedTrial(state) : { ...state, jobs, trial };
}

/** Back to the best. After one direction the other is tried as soon as the best is measured again; then comes rest. */
function afterFailedTrial(state: TunerState): TunerState {
  const back: TunerState = { ...state, jobs: state.bestJobs, trial: 'settled' };
  if (state.failedTrials === 0) return { ...back, failedTrials: 1, rest: 0 };
  const nextRest = Math.min(state.nextRest * 2, LONGEST_REST);
  return { ...back, failedTrials: 0, rest: state.nextRest, nextRest };
}
