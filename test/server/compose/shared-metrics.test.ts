import { expect, it, onTestFinished } from 'vitest';
import { SharedMetrics } from '../../../server/compose/shared-metrics.js';
import { Metrics } from '../../../server/http/metrics.js';

const IDLE = {
  activeRequests: () => 1,
  waitingPushes: () => 0,
  waitingPulls: () => 0,
  waitingHistory: () => 0,
  rememberedKeys: () => 0,
  rememberedUsers: () => 0,
  rememberedPasswords: () => 0,
};

it('a thread that closes while it collects its metrics sends no answer', async () => {
  const [asking, closing] = [new Metrics(IDLE), new Metrics(IDLE)].map(({ registry }) => {
    const shared = new SharedMetrics(registry, 2);
    onTestFinished(() => shared.close());
    return { registry, shared };
  });
  const collect = closing?.registry.getMetricsAsJSON.bind(closing.registry);
  let isClosed = false;
  Object.assign(closing?.registry ?? {}, {
    getMetricsAsJSON: () => {
      closing?.shared.close();
      isClosed = true;
      return collect?.();
    },
  });
  // An answer on the closed channel would be an unhandled rejection, which fails the run.
  expect((await asking?.shared.text())?.text).toContain('dogear_http_active_requests 1');
  expect(isClosed).toBe(true);
});

it('adds up the counters of the threads, and reports the metrics of the process once', async () => {
  const threads = Array.from({ length: 3 }, () => {
    const metrics = new Metrics(IDLE);
    metrics.answered('GET /healthcheck', 200, 1);
    const shared = new SharedMetrics(metrics.registry, 3);
    onTestFinished(() => shared.close());
    return shared;
  });
  const { text = '' } = (await threads[0]?.text()) ?? {};
  const valueOf = (name: string) =>
    Number(new RegExp(`^dogear_${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
  expect(valueOf('http_requests_total')).toBe(3);
  expect(valueOf('http_active_requests')).toBe(3);
  const { rss } = process.memoryUsage();
  expect(valueOf('process_resident_memory_bytes')).toBeGreaterThan(rss / 2);
  expect(valueOf('process_resident_memory_bytes')).toBeLessThan(rss * 1.5);
  expect(valueOf('process_cpu_seconds_total')).toBeLessThan(
    (process.cpuUsage().user + process.cpuUsage().system) / 1e6 + 1,
  );
});
