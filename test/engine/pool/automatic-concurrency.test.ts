import { describe, expect, it } from 'vitest';
import { automaticConcurrency } from '../../../engine/pool/automatic-concurrency.js';

const GIBIBYTE = 2 ** 30;

describe('the range of automatic concurrency', () => {
  it('begins at the number of processors and ends at a share of the memory or at 64', () => {
    expect(automaticConcurrency('system-calls', 2, 24 * GIBIBYTE)).toEqual({ start: 2, max: 64 });
    expect(automaticConcurrency('system-calls', 4, 4 * GIBIBYTE)).toEqual({ start: 4, max: 21 });
    expect(automaticConcurrency('system-calls', 4, GIBIBYTE / 2)).toEqual({ start: 4, max: 4 });
    expect(automaticConcurrency('system-calls', 128, 512 * GIBIBYTE)).toEqual({ start: 64, max: 64 });
  });

  it('is small if each thread reads many files at once', () => {
    expect(automaticConcurrency('io-uring', 1, 24 * GIBIBYTE)).toEqual({ start: 1, max: 4 });
    expect(automaticConcurrency('io-uring', 2, 24 * GIBIBYTE)).toEqual({ start: 2, max: 4 });
    expect(automaticConcurrency('io-uring', 16, 24 * GIBIBYTE)).toEqual({ start: 16, max: 32 });
    expect(automaticConcurrency('io-uring', 128, 512 * GIBIBYTE)).toEqual({ start: 64, max: 64 });
  });

  it('holds on this machine', () => {
    const { start, max } = automaticConcurrency('system-calls');
    expect(start).toBeGreaterThanOrEqual(1);
    expect(max).toBeGreaterThanOrEqual(start);
    expect(max).toBeLessThanOrEqual(64);
  });
});
