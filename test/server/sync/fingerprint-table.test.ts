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

it('a table of fingerprints may forget keys, and never makes up a value', () => {
  const table = new FingerprintTable();
  const count = 400_000;
  for (let i = 0; i < count; i++) table.note(`user ${String(i)}`, `device ${String(i)}`);
  let known = 0;
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    if (table.has(`user ${String(i)}`, `device ${String(i)}`)) known++;
    if (table.has(`user ${String(i)}`, `device ${String(i + 1)}`)) wrong++;
  }
  // There are 262,144 slots. With a good hash about 78 % of them are in use.
  expect(known).toBeGreaterThan(190_000);
  expect(wrong).toBe(0);
});
