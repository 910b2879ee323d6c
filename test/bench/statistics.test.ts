import { describe, expect, it } from 'vitest';
import { alternate, samplesOf } from '../../bench/alternation.js';
import { median, medianInterval, pairedRatios, quantile } from '../../bench/statistics.js';

describe('median and quantile', () => {
  it('take the middle, in whatever order', () => {
    expect(median([5, 1, 9])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(quantile([0, 10], 0.9)).toBeCloseTo(9);
  });

  it('sort by value and not as text', () => {
    expect(median([100, 9, 20])).toBe(20);
  });

  it('refuse to make something of nothing', () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => medianInterval([])).toThrow(RangeError);
  });
});

describe('pairedRatios', () => {
  it('divides round by round', () => {
    expect(pairedRatios([2, 9], [1, 3])).toEqual([2, 3]);
  });

  it('refuses sides of unequal length', () => {
    expect(() => pairedRatios([1], [1, 2])).toThrow('unequal');
  });
});

describe('medianInterval', () => {
  // From the table of the sign test: the place, from either end, of the ends of a 95 % interval.
  it.each([
    [5, 1, 0.9375],
    [6, 1, 0.96875],
    [8, 1, 0.9921875],
    [9, 2, 0.9609375],
    [11, 2, 0.98828125],
    [12, 3, 0.96142578125],
    [15, 4, 0.96484375],
    [20, 6, 0.95861053],
  ])('of %d samples begins at number %d', (count, place, coverage) => {
    const samples = Array.from({ length: count }, (_, index) => count - index);
    const interval = medianInterval(samples);
    expect(interval.low).toBe(place);
    expect(interval.high).toBe(count + 1 - place);
    expect(interval.coverage).toBeCloseTo(coverage, 6);
  });

  it('promises nothing of one sample', () => {
    expect(medianInterval([7])).toEqual({ low: 7, high: 7, coverage: 0 });
  });
});

describe('alternate', () => {
  it('takes turns, every second round backwards', async () => {
    const order: string[] = [];
    const side = (name: string) => ({
      name,
      measure: () => {
        order.push(name);
        return Promise.resolve(order.length);
      },
    });
    const samples = await alternate([side('a'), side('b'), side('c')], 3);
    expect(order.join('')).toBe('abccbaabc');
    expect(samplesOf(samples, 'a')).toEqual([1, 6, 7]);
    expect(samplesOf(samples, 'b')).toEqual([2, 5, 8]);
    expect(() => samplesOf(samples, 'd')).toThrow('no side');
  });

  it('stops at the first failure', async () => {
    const sides = [{ name: 'a', measure: () => Promise.reject(new Error('broken')) }];
    await expect(alternate(sides, 2)).rejects.toThrow('broken');
  });

  it('wants names of their own', async () => {
    const side = { name: 'a', measure: () => Promise.resolve(1) };
    await expect(alternate([side, side], 1)).rejects.toThrow('same name');
  });
});
