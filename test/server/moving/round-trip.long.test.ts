import { expect, it } from 'vitest';
import { MYSQL, SQLITE } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { differences, exported, fillStore, imported } from './round-trip.js';

const POSITIONS = 100_000;

it('100,000 positions go from SQLite to MySQL and back without loss', { timeout: 600_000 }, async () => {
  const [here, there, back] = [
    await openTestStore(SQLITE),
    await openTestStore(MYSQL),
    await openTestStore(SQLITE),
  ];
  try {
    await fillStore(here, POSITIONS);
    const lines = await exported(here);
    expect(lines.length).toBeGreaterThan(POSITIONS);
    await imported(there, lines);
    expect(differences(await exported(there), lines)).toEqual([]);
    await imported(back, await exported(there));
    expect(differences(await exported(back), lines)).toEqual([]);
  } finally {
    for (const store of [here, there, back]) await store.close();
  }
});
