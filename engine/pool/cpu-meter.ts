import { availableParallelism, cpus } from 'node:os';

/** More of the processors than this in use, and they are the limit. The rest is the tail between tasks. */
const BOUND_SHARE = 0.85;

/**
 * Tells whether the processors were the limit over a time: all of those that this process may use taken by it, or all
 * of the machine's taken by anybody. Waiting for a disk does not count as use.
 */
export class CpuMeter {
  private startedMs = 0;
  private processMs = 0;
  private machineMs = 0;

  start(): void {
    this.startedMs = performance.now();
    this.processMs = processTimeMs();
    this.machineMs = machineTimeMs();
  }

  /** Since `start()`. */
  isBound(): boolean {
    const elapsedMs = performance.now() - this.startedMs;
    const ownShare = (processTimeMs() - this.processMs) / (elapsedMs * availableParallelism());
    const share = (machineTimeMs() - this.machineMs) / (elapsedMs * cpus().length);
    return ownShare >= BOUND_SHARE || share >= BOUND_SHARE;
  }
}

function processTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function machineTimeMs(): number {
  let ms = 0;
  for (const { times } of cpus()) ms += times.user + times.nice + times.sys + times.irq;
  return ms;
}
