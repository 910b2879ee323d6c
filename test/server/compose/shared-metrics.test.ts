import { expect, it, onTestFinished } from 'vitest';
import { SharedMetrics } from '../../../server/compose/shared-metrics.js';
import { Metrics } from '../../../server/http/metrics.js';

const IDLE = {
  activeRequests: () => 1,
  waitingPushes: () => 0,
  waitingPulls: () => 0,
  rememberedKeys: () => 0,
  rememberedUsers: () => 0,
  rememberedPasswords: () => 0,
};

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
