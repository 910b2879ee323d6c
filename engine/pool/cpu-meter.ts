import { availableParallelism, cpus } from 'node:os';

/**
 * The processors count as the limit above this share. They are never in use all the time, because of the gaps between
 * tasks.
 */
const BOUND_SHARE = 0.85;

/**
 * Measures whether the processors were the limit during a period: either this process used all the processors that it
 * may use, or all processes together used all processors of the machine. Waiting for a disk does not count as use.
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

  /** Whether the processors were the limit since `start()`. */
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
