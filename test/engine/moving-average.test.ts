import { describe, expect, it } from 'vitest';
import { MovingAverage } from '../../engine/moving-average.js';

describe('a moving average', () => {
  it('has no value before the first sample, and then that sample', () => {
    const average = new MovingAverage();
    expect(average.value).toBeUndefined();
    average.add(40);
    expect(average.value).toBe(40);
  });

  it('consists to two thirds of the last four samples', () => {
    const average = new MovingAverage();
    average.add(0);
    for (let sample = 0; sample < 4; sample += 1) average.add(1);
    expect(average.value).toBeGreaterThan(2 / 3);
    expect(average.value).toBeLessThan(0.7);
  });
});
