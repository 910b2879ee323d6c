import { type LoadResult, PERCENTILES } from './load-result.js';

/** Some minutes of the fastest load, in 32 MB. Later requests are counted without their latency. */
const MOST_LATENCIES = 4_000_000;
const FIRST_LATENCIES = 65_536;

/** Collects latencies and computes their percentiles. */
export class LatencyLog {
  #latencies = new Float64Array(FIRST_LATENCIES);
  #count = 0;
  #requests = 0;
  #failed = 0;

  success(ms: number): void {
    this.#requests += 1;
    if (this.#count === MOST_LATENCIES) return;
    if (this.#count === this.#latencies.length) {
      const larger = new Float64Array(Math.min(MOST_LATENCIES, this.#latencies.length * 2));
      larger.set(this.#latencies);
      this.#latencies = larger;
    }
    this.#latencies[this.#count] = ms;
    this.#count += 1;
  }

  failure(): void {
    this.#failed += 1;
  }

  result(seconds: number): LoadResult {
    const sorted = this.#latencies.subarray(0, this.#count).toSorted();
    const at = (percentile: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percentile) / 100))] ?? 0;
    return {
      requests: this.#requests,
      seconds,
      failed: this.#failed,
      percentiles: PERCENTILES.map((percentile) => ({ percentile, ms: at(percentile) })),
    };
  }
}
