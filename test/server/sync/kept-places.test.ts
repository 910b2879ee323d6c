import { describe, expect, it } from 'vitest';
import { KeptPlaces } from '../../../server/sync/kept-places.js';

const HOUR_MS = 3_600_000;

describe('the places that were kept last', () => {
  it('spare what moved less than half a point within half an hour', () => {
    const places = new KeptPlaces();
    expect(places.isKept('a', { percentage: 0.5, pushedMs: 0 })).toBe(true);
    places.note('a', { percentage: 0.5, pushedMs: HOUR_MS });
    places.note('b', { percentage: 0.1, pushedMs: HOUR_MS });
    const cases: readonly (readonly [number, number, boolean])[] = [
      [0.5, 0, false],
      [0.504, 0, false],
      [0.505, 0, true],
      [0.496, 0, false],
      [0.495, 0, true],
      [0.5, HOUR_MS / 2 - 1, false],
      [0.5, HOUR_MS / 2, true],
      // A clock that stepped back.
      [0.5, -HOUR_MS / 2, true],
    ];
    for (const [percentage, laterMs, isKept] of cases) {
      expect([percentage, laterMs, places.isKept('a', { percentage, pushedMs: HOUR_MS + laterMs })]).toEqual([
        percentage,
        laterMs,
        isKept,
      ]);
    }
  });

  it('are remembered for many documents in the same memory, the last ones longest', () => {
    const places = new KeptPlaces();
    const count = 400_000;
    const place = (index: number) => ({ percentage: index / count, pushedMs: 0 });
    for (let i = 0; i < count; i++) places.note(`7 document ${String(i)}`, place(i));
    const isRemembered = (index: number) => !places.isKept(`7 document ${String(index)}`, place(index));
    const remembered = (from: number, to: number): number => {
      let sum = 0;
      for (let i = from; i < to; i++) if (isRemembered(i)) sum++;
      return sum / (to - from);
    };
    expect(remembered(count - 10_000, count)).toBeGreaterThan(0.99);
    expect(remembered(0, 10_000)).toBeLessThan(0.5);
  });
});
