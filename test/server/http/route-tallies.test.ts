import {
  AggregatorRegistry,
  Counter,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { type MeasuredState, Metrics } from '../../../server/http/metrics.js';
import { DURATION_BUCKETS, RouteTallies } from '../../../server/http/route-tallies.js';

const NAME = 'dogear_http_request_duration_seconds';
const HELP = 'From headers to answer.';
const REQUESTS = 'dogear_http_requests_total';
const IDLE: MeasuredState = {
  activeRequests: () => 0,
  waitingPushes: () => 0,
  waitingPulls: () => 0,
  waitingHistory: () => 0,
  rememberedKeys: () => 0,
  rememberedUsers: () => 0,
  rememberedPasswords: () => 0,
};
/** In milliseconds, as they are measured: every bound, and a value just below and just above it. */
const DURATIONS_MS = [0, 1e6, ...DURATION_BUCKETS.flatMap((s) => [s * 999, s * 1000, s * 1001])];
const ROUTES = ['PUT /syncs/progress', 'GET /syncs/progress/*document', 'GET /"\\odd"\n'];
const STATUSES = [200, 503];

describe('requests that are counted by route', () => {
  let metrics: Metrics;
  let plain: Registry;
  let durations: Histogram;
  let requests: Counter;

  beforeEach(() => {
    metrics = new Metrics(IDLE);
    plain = new Registry();
    const registers = [plain];
    const buckets = DURATION_BUCKETS;
    durations = new Histogram({ name: NAME, help: HELP, labelNames: ['route'], buckets, registers });
    requests = new Counter({
      name: REQUESTS,
      help: 'Requests by route and status; 499 means that the client left.',
      labelNames: ['route', 'status'],
      registers,
    });
  });

  function answer(route: string, status: number, durationMs: number): void {
    metrics.answered(route, status, durationMs);
    durations.observe({ route }, durationMs / 1000);
    requests.inc({ route, status: String(status) });
  }

  function answerMany(): void {
    for (const route of ROUTES) {
      for (const status of STATUSES) for (const durationMs of DURATIONS_MS) answer(route, status, durationMs);
    }
  }

  async function expectSame(): Promise<void> {
    for (const name of [NAME, REQUESTS]) {
      const text = await metrics.registry.getSingleMetricAsString(name);
      expect(text.split('\n')).toEqual((await plain.getSingleMetricAsString(name)).split('\n'));
      expect(withoutExemplars(await jsonOf(metrics.registry, name))).toEqual(
        withoutExemplars(await jsonOf(plain, name)),
      );
    }
  }

  it('have the output of prom-client before the first request', () => expectSame());

  it('have the output of prom-client, as text and as JSON', async () => {
    answerMany();
    await expectSame();
    expect(await metrics.registry.getSingleMetricAsString(NAME)).toContain('le="0.0005"');
  });

  it('are neither lost nor counted twice by repeated scrapes, with and without new requests', async () => {
    answerMany();
    await expectSame();
    await expectSame();
    answer('PUT /syncs/progress', 200, 3);
    answer('GET /new', 404, 4);
    await expectSame();
    answerMany();
    await Promise.all([expectSame(), expectSame()]);
  });

  it('are added up over threads as prom-client does it', async () => {
    answerMany();
    const twice = async (registry: Registry, name: string): Promise<string> => {
      const ofThreads = [await jsonOf(registry, name), await jsonOf(registry, name)];
      return AggregatorRegistry.aggregate(ofThreads.map((metric) => [metric])).metrics();
    };
    for (const name of [NAME, REQUESTS]) {
      expect(await twice(metrics.registry, name)).toBe(await twice(plain, name));
    }
  });
});

it('each status is handed over once', () => {
  const tallies = new RouteTallies('tallies', 'For this test.', [new Registry()]);
  const take = (): readonly unknown[] => {
    const taken: unknown[] = [];
    tallies.takeStatuses((...each) => taken.push(each));
    return taken;
  };
  for (const status of [200, 200, 404]) tallies.count('GET /', status, 1);
  expect(take()).toEqual([
    ['GET /', 200, 2],
    ['GET /', 404, 1],
  ]);
  expect(take()).toEqual([]);
  tallies.count('GET /', 404, 1);
  expect(take()).toEqual([['GET /', 404, 1]]);
});

/** prom-client adds an empty exemplar to each bucket. */
function withoutExemplars(metric: MetricObjectWithValues<MetricValue<string>>): unknown {
  return { ...metric, values: metric.values.map((value) => ({ ...value, exemplar: undefined })) };
}

async function jsonOf(registry: Registry, name: string) {
  const metric = (await registry.getMetricsAsJSON()).find((each) => each.name === name);
  if (metric === undefined) throw new Error('the test is wrong');
  return metric;
}
