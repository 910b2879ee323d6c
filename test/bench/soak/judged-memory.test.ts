import { expect, it } from 'vitest';
import { judgeMemory } from '../../../bench/soak/memory-watch.js';

const MB = 1024 * 1024;
/** One sample a second. */
const minutes = (count: number, megabytes: number): readonly number[] =>
  Array.from({ length: count * 60 }, () => megabytes * MB);

it('memory that rises while the server warms up is flat', () => {
  expect(judgeMemory([...minutes(2, 100), ...minutes(8, 200)])).toEqual({
    hasGrown: false,
    text: '200 MB after warm-up, 200 MB at the end of 10 minutes',
  });
});

it('memory that goes on rising afterwards has grown', () => {
  const rising = Array.from({ length: 10 }, (_none, minute) => minutes(1, 150 + 30 * minute)).flat();
  expect(judgeMemory(rising).hasGrown).toBe(true);
});

it('memory of a process that ran for a short time is not judged', () => {
  expect(judgeMemory(minutes(3, 100))).toEqual({
    hasGrown: false,
    text: 'not compared: the last process ran 180 s, and 300 are needed',
  });
});
