import { describe, expect, it } from 'vitest';
import { SUITES } from '../../bench/arguments.js';
import { judge, TARGETS } from '../../bench/targets.js';
import { judgeFigure } from '../../bench/compare/verdict.js';

describe('judge', () => {
  it('holds the median of ratios against the goal', () => {
    const [slow] = judge([{ target: 'hash-1-thread', samples: [1.6, 1.69, 9] }], ['hash']);
    expect(slow).toMatchObject({ state: 'failed', measured: 1.69 });
    const [fast] = judge([{ target: 'hash-1-thread', samples: [0.1, 1.7, 1.8] }], ['hash']);
    expect(fast).toMatchObject({ state: 'passed', measured: 1.7 });
  });

  it('takes the worst where one is too many', () => {
    const verdicts = judge([{ target: 'sqlite-loop-block', samples: [1, 2, 20] }], ['sync']);
    expect(verdicts.find(({ id }) => id === 'sqlite-loop-block')).toMatchObject({
      state: 'failed',
      measured: 20,
    });
  });

  it('takes less for better where the target says "below"', () => {
    const verdicts = judge([{ target: 'push-single', samples: [1.9] }], ['sync']);
    expect(verdicts.find(({ id }) => id === 'push-single')).toMatchObject({ state: 'passed' });
  });

  it('does not hide what was not measured, but leaves out suites that did not run', () => {
    const verdicts = judge([], ['hash']);
    expect(verdicts.map(({ suite, state }) => [suite, state])).toEqual(
      verdicts.map(() => ['hash', 'not measured']),
    );
    expect(verdicts).toHaveLength(3);
    expect(judge([], SUITES)).toHaveLength(TARGETS.length);
  });

  it('knows every target by a name of its own', () => {
    expect(new Set(TARGETS.map(({ id }) => id)).size).toBe(TARGETS.length);
  });
});

describe('judgeFigure', () => {
  const base = Array.from({ length: 9 }, (_, pair) => 100 + pair);
  const times = (factor: number, ...noise: readonly number[]) =>
    base.map((rate, pair) => rate * factor * (noise[pair] ?? 1));

  it('finds nothing in two equal sides', () => {
    expect(judgeFigure(base, base)).toEqual({ state: 'even', ratio: 1, low: 1, high: 1 });
  });

  it('tolerates a loss of up to 5 %', () => {
    expect(judgeFigure(base, times(0.96)).state).toBe('even');
    expect(judgeFigure(base, times(0.94)).state).toBe('lost');
  });

  it('does not take noise for a loss', () => {
    const verdict = judgeFigure(base, times(0.9, 1.2, 0.7, 1.2, 0.7, 1.2, 0.7, 1.2, 0.7, 1));
    expect(verdict.ratio).toBeLessThan(0.95);
    expect(verdict.state).toBe('even');
  });

  it('sees a gain', () => {
    expect(judgeFigure(base, times(1.2))).toMatchObject({ state: 'gained' });
  });
});
