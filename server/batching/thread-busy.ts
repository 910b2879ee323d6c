import { performance } from 'node:perf_hooks';

/** Says for each call which part of the time since the call before, or since this one, this thread was busy, 0–1. */
export function busySinceLastCall(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
