import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { nextTimeMs, runAtTimes } from '../../../server/scan/scan-schedule.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: new Date(2026, 10, 26, 12, 30) });
});
afterEach(() => {
  vi.useRealTimers();
});

it('a schedule runs at its times until it is closed, and knows the next one', async () => {
  let runs = 0;
  const schedule = runAtTimes('15 3 * * *', () => {
    runs += 1;
  });
  expect(nextTimeMs('15 3 * * *')).toBe(new Date(2026, 10, 27, 3, 15).getTime());
  await vi.advanceTimersByTimeAsync(14 * 60 * 60 * 1000);
  expect(runs).toBe(0);
  await vi.advanceTimersByTimeAsync(60 * 60 * 1000);
  expect(runs).toBe(1);
  await vi.advanceTimersByTimeAsync(24 * 60 * 60 * 1000);
  expect(runs).toBe(2);
  schedule.close();
  await vi.advanceTimersByTimeAsync(48 * 60 * 60 * 1000);
  expect(runs).toBe(2);
});
