import { expect, it } from 'vitest';
import { FingerprintTable } from '../../../server/sync/fingerprint-table.js';

it('a table of fingerprints knows the last value of a key, and no other', () => {
  const table = new FingerprintTable();
  expect(table.has('a', 'x')).toBe(false);
  table.note('a', 'x');
  expect([table.has('a', 'x'), table.has('a', 'y'), table.has('b', 'x')]).toEqual([true, false, false]);
  table.note('a', 'y');
  expect([table.has('a', 'x'), table.has('a', 'y')]).toEqual([false, true]);
});

it('a table of fingerprints remembers many keys, forgets older ones, and never makes up a value', () => {
  const table = new FingerprintTable();
  const known = (from: number, to: number, valueOf: (i: number) => string): number => {
    let count = 0;
    for (let i = from; i < to; i++) if (table.has(`user ${String(i)}`, valueOf(i))) count++;
    return count;
  };
  const device = (i: number): string => `device ${String(i)}`;
  const note = (from: number, to: number): void => {
    for (let i = from; i < to; i++) table.note(`user ${String(i)}`, device(i));
  };
  note(0, 50_000);
  expect(known(0, 50_000, device)).toBeGreaterThan(49_900);
  note(50_000, 600_000);
  // There is room for 262,144.
  expect(known(500_000, 600_000, device)).toBeGreaterThan(90_000);
  expect(known(0, 50_000, device)).toBeLessThan(10_000);
  expect(known(0, 600_000, (i) => device(i + 1))).toBe(0);
});
