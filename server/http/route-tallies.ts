import { Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds. A push on an idle server takes a millisecond or two; a reader gives up after two seconds. */
export const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2];

interface Tally {
  /** Requests by the first bucket that holds their duration. The last element counts those above all bounds. */
  readonly buckets: number[];
  sumSeconds: number;
  /** Requests by status since the last `takeStatuses`. */
  readonly statuses: Map<number, number>;
}

/**
 * A histogram of the durations of requests by route, and their number by status. Counted here, and given to prom-client
 * when it is asked for its metrics: prom-client checks, joins and hashes the labels at each count, which was 2.5 % of a
 * busy server's profile.
 *
 * The histogram is a Gauge by class. A registry reads a Gauge through `get` alone, which is public, but takes the text of
 * a Histogram from a private method. package.json pins prom-client, and route-tallies.test.ts compares text and JSON
 * with those of a real Histogram: it fails when another version reads a Gauge in another way.
 */
export class RouteTallies extends Gauge<'route'> {
  readonly #tallies = new Map<string, Tally>();
  readonly #name: string;
  /** Never observes anything: it gives the type, the name and the aggregation of a histogram. */
  readonly #empty: Histogram<'route'>;

  constructor(name: string, help: string, registers: Registry[]) {
    super({ name, help, registers, labelNames: ['route'] });
    this.#name = name;
    this.#empty = new Histogram({
      name,
      help,
      registers: [],
      labelNames: ['route'],
      buckets: DURATION_BUCKETS,
    });
  }

  count(route: string, status: number, seconds: number): void {
    let tally = this.#tallies.get(route);
    if (tally === undefined) {
      tally = { buckets: DURATION_BUCKETS.map(() => 0).concat(0), sumSeconds: 0, statuses: new Map() };
      this.#tallies.set(route, tally);
    }
    let bucket = 0;
    while (bucket < DURATION_BUCKETS.length && seconds > (DURATION_BUCKETS[bucket] ?? 0)) bucket++;
    tally.buckets[bucket] = (tally.buckets[bucket] ?? 0) + 1;
    tally.sumSeconds += seconds;
    tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
  }

  /** Calls `take` with the number of requests of each route and status since the last call. */
  takeStatuses(take: (route: string, status: number, requests: number) => void): void {
    for (const [route, { statuses }] of this.#tallies) {
      for (const [status, requests] of statuses) take(route, status, requests);
      statuses.clear();
    }
  }

  override async get() {
    const values = [...this.#tallies].flatMap(([route, tally]) => valuesOf(this.#name, route, tally));
    return { ...(await this.#empty.get()), values };
  }
}

function valuesOf(name: string, route: string, { buckets, sumSeconds }: Tally) {
  let value = 0;
  const cumulative = buckets.map((requests, bucket) => {
    value += requests;
    const labels = { le: DURATION_BUCKETS[bucket] ?? '+Inf', route };
    return { metricName: `${name}_bucket`, labels, value };
  });
  return [
    ...cumulative,
    { metricName: `${name}_sum`, labels: { route }, value: sumSeconds },
    { metricName: `${name}_count`, labels: { route }, value },
  ];
}
