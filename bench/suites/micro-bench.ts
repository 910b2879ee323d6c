import { Bench } from 'tinybench';
import type { Series } from '../suite.js';

/** A bench with what one iteration of each task handles. */
export interface MicroBench {
  readonly bench: Bench;
  /** Files, calls or translations in one iteration. The recorded figure is the time for one of them. */
  readonly operations: number;
  readonly at?: Series['at'];
}

/** @param timeMs of measurement for each task, after half as much to warm up */
export function newBench(name: string, timeMs: number): Bench {
  return new Bench({
    name,
    time: timeMs,
    warmupTime: timeMs / 2,
    iterations: 5,
    retainSamples: true,
    throws: true,
  });
}
