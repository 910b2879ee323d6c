import { Histogram, type Registry } from 'prom-client';

/** Seconds. A push on an idle server takes a millisecond or two; a reader gives up after two seconds. */
export const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2];

interface Tally {
  /** Requests by the first bucket that holds their duration; those that none holds come last. */
  readonly buckets: number[];
  sumSeconds: number;
  /** Since `takeStatuses`. */
  readonly statuses: Map<number, number>;
}

/**
 * The requests of each route by duration, as a histogram, and by status. Counted here and handed over when somebody
 * asks: prom-client checks, joins and hashes the labels at each count, which was 2.5 % of a busy server's profile.
 */
export class RouteTallies extends Histogram<'route'> {
  readonly #tallies = new Map<string, Tally>();
  readonly #description: { readonly name: string; readonly help: string };

  constructor(name: string, help: string, registers: Registry[]) {
    super({ name, help, registers, labelNames: ['route'], buckets: DURATION_BUCKETS });
    this.#description = { name, help };
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

  /** Tells each route and status with the requests since the last time. */
  takeStatuses(take: (route: string, status: number, requests: number) => void): void {
    for (const [route, { statuses }] of this.#tallies) {
      for (const [status, requests] of statuses) take(route, status, requests);
      statuses.clear();
    }
  }

  /**
   * What prom-client takes the text from, and `get` everything else. It is none of its public methods, so package.json
   * names the one version (15.1.3) for which test/http/route-tallies.test.ts holds the two against each other.
   */
  getForPromString() {
    const { name, help } = this.#description;
    const values = [...this.#tallies].flatMap(([route, tally]) => valuesOf(name, { route }, tally));
    return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values });
  }
}

function valuesOf(name: string, sharedLabels: object, { buckets, sumSeconds }: Tally) {
  let value = 0;
  const cumulative = buckets.map((requests, bucket) => {
    value += requests;
    const labels = { le: DURATION_BUCKETS[bucket] ?? '+Inf' };
    return { metricName: `${name}_bucket`, labels, sharedLabels, value };
  });
  return [
    ...cumulative,
    { metricName: `${name}_sum`, labels: {}, sharedLabels, value: sumSeconds },
    { metricName: `${name}_count`, labels: {}, sharedLabels, value },
  ];
}
