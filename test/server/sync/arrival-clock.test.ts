import { expect, it } from 'vitest';
import { ArrivalClock } from '../../../server/sync/arrival-clock.js';

it('the estimate of the database clock follows it, but never back', () => {
  let nowMs = 1000;
  const clock = new ArrivalClock(() => nowMs);
  expect(clock.earliestUs()).toBe(0);
  clock.observe(5_000_000_000);
  expect(clock.earliestUs()).toBe(5_000_000_000);
  nowMs += 10_000;
  const later = clock.earliestUs();
  // A little behind a clock that runs as it should.
  expect(later).toBe(5_009_999_000);
  // An hour back: the estimate goes on.
  clock.observe(1_400_000_000);
  expect(clock.earliestUs()).toBe(later);
  nowMs += 1000;
  expect(clock.earliestUs()).toBe(later + 999_900);
  // Ahead again.
  clock.observe(9_000_000_000);
  expect(clock.earliestUs()).toBe(9_000_000_000);
});

it('a step of the database clock is told once, and a late answer is none', () => {
  let nowMs = 1000;
  const clock = new ArrivalClock(() => nowMs);
  const observe = (seconds: number): number => {
    nowMs += 5000;
    return clock.observe(seconds * 1e6);
  };
  expect(observe(10_000)).toBe(0);
  expect(observe(10_005)).toBe(0);
  expect(observe(10_008)).toBe(0);
  expect(observe(6415)).toBe(-3598);
  expect(observe(6420)).toBe(0);
  expect(observe(10_025)).toBe(3600);
  expect(observe(10_030)).toBe(0);
});
