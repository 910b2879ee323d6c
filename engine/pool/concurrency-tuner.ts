/**
 * Decides how many threads work at a time, from the throughput that was measured with each number. It is pure: it
 * takes a state and a measurement and returns the next state. The clock and the counting are in throughput-watch.ts.
 *
 * The best number depends on the storage. With a warm cache or a fast disk the processor is the limit: one thread a
 * core. With a cold disk array or a file server it is the latency: tens of threads. A single spinning disk gets
 * slower with every thread, because its arm has to move more. So the tuner doubles the number while that helps, then
 * halves it while that costs nothing, and then keeps it. It tries again from time to time, because caches fill up and
 * other programs start and end.
 */
export interface TunerState {
  /** The number of threads to work with now, and to measure next. */
  readonly threads: number;
  /** The best number so far. */
  readonly bestThreads: number;
  /** The files a second measured with it; undefined if it was not measured yet. */
  readonly bestRate: number | undefined;
  /** `settled` if `threads` is the best number; otherwise the direction in which another number is being tried. */
  readonly trial: 'settled' | 'up' | 'down';
  /** The number of measurements before the next trial. */
  readonly cooldown: number;
  /** The next value of `cooldown` if no trial finds a better number. */
  readonly nextCooldown: number;
  /** 1 if one direction was tried without success and the other is still to be tried; otherwise 0. */
  readonly failedTrials: number;
}

/** What was measured with `TunerState.threads`. */
export interface Measurement {
  readonly filesPerSecond: number;
  /** Nearly all of the processors were in use, so no other number of threads could be faster. */
  readonly isCpuBound: boolean;
}

export interface TunerLimits {
  readonly minThreads: number;
  readonly maxThreads: number;
  readonly processors: number;
}

/** Doubling the threads must gain a tenth or more. Less is not worth their memory, and may be measurement noise. */
const GAIN_TO_GROW = 1.1;
/**
 * The first step is fourfold if a thread hashes this many files a second. A spinning disk is never so fast, because
 * it takes 50 ms to seek to the seven windows of a file. A fourfold step saves one step, which would cost half a
 * second at reduced speed.
 */
const FIRST_STEP = 4;
const FASTER_THAN_SEEKS_FILES_PER_SECOND = 200;
/** Halving the threads may lose no more than the noise of a measurement. */
const LOSS_TO_SHRINK = 0.97;
/**
 * If the throughput of the settled number changes by this factor, the storage has changed, and a trial begins at
 * once.
 */
const STORAGE_CHANGED = 1.5;
/**
 * The number of measurements between trials. A measurement takes a quarter of a second or more. Each pair of trials
 * without success doubles the number, up to two minutes. So the loss by trials (one measurement at half speed) stays
 * under a hundredth.
 */
const FIRST_COOLDOWN = 16;
const MAX_COOLDOWN = 512;

export function startTuner(threads: number, limits: TunerLimits): TunerState {
  const start = Math.min(Math.max(threads, limits.minThreads), limits.maxThreads);
  return {
    threads: start,
    bestThreads: start,
    bestRate: undefined,
    trial: 'settled',
    cooldown: 0,
    nextCooldown: FIRST_COOLDOWN,
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
  const isCoolingDown = state.cooldown > 0 && !isChanged;
  if (measurement.isCpuBound) {
    // More threads would each cost 35 ms of processor time and gain nothing. Fewer threads than processors would be
    // slower.
    if (state.bestThreads <= limits.processors) return measured;
    return isCoolingDown ? cooledDown(measured) : tryNext({ ...measured, failedTrials: 1 }, 'down', limits);
  }
  if (isCoolingDown) return cooledDown(measured);
  const fresh = isChanged ? { ...measured, nextCooldown: FIRST_COOLDOWN, failedTrials: 0 } : measured;
  if (fresh.failedTrials > 0) return tryNext(fresh, 'down', limits);
  const isFirst = state.bestRate === undefined;
  const isFast = rate >= state.threads * FASTER_THAN_SEEKS_FILES_PER_SECOND;
  return tryNext(fresh, 'up', limits, isFirst && isFast ? FIRST_STEP : undefined);
}

function cooledDown(state: TunerState): TunerState {
  return { ...state, cooldown: state.cooldown - 1 };
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
  // Going down, the highest rate remains the reference, so that small losses of several steps do not add up unnoticed.
  const bestRate = trial === 'up' ? rate : Math.max(best, rate);
  // The opposite direction is known to be worse, so it counts as tried.
  const better: TunerState = {
    ...state,
    bestThreads: state.threads,
    bestRate,
    nextCooldown: FIRST_COOLDOWN,
    failedTrials: 1,
  };
  // If all processors are in use, more threads gain nothing and only take processor time.
  if (trial === 'up' && isCpuBound) return { ...better, trial: 'settled', cooldown: FIRST_COOLDOWN };
  return tryNext(better, trial, limits);
}

/** Begins a trial of the next number in a direction. If there is none within the limits, the trial counts as failed. */
function tryNext(state: TunerState, trial: 'up' | 'down', limits: TunerLimits, factor = 2): TunerState {
  const threads =
    trial === 'up'
      ? Math.min(state.bestThreads * factor, limits.maxThreads)
      : Math.max(Math.floor(state.bestThreads / factor), limits.minThreads);
  return threads === state.bestThreads ? afterFailedTrial(state) : { ...state, threads, trial };
}

/**
 * Returns to the best number. Once that was measured again, the other direction is tried; after both comes the
 * cooldown.
 */
function afterFailedTrial(state: TunerState): TunerState {
  const back: TunerState = { ...state, threads: state.bestThreads, trial: 'settled' };
  if (state.failedTrials === 0) return { ...back, failedTrials: 1, cooldown: 0 };
  const nextCooldown = Math.min(state.nextCooldown * 2, MAX_COOLDOWN);
  return { ...back, failedTrials: 0, cooldown: state.nextCooldown, nextCooldown };
}
