import { expect, it } from 'vitest';
import { ClockWatch } from '../../../server/database/clock-watch.js';

it('a step of the database clock is told once, and a late answer is none', () => {
  let nowMs = 1000;
  const clock = new ClockWatch(() => nowMs);
  const observe = (seconds: number): number => {
    nowMs += 5000;
    return clock.observe(seconds * 1000);
  };
  expect(observe(10_000)).toBe(0);
  expect(observe(10_005)).toBe(0);
  expect(observe(10_008)).toBe(0);
  expect(observe(6415)).toBe(-3598);
  expect(observe(6420)).toBe(0);
  expect(observe(10_025)).toBe(3600);
  expect(observe(10_030)).toBe(0);
});
