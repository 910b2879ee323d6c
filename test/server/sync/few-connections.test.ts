import { describe, expect, it } from 'vitest';
import { statementsAtOnce } from '../../../server/sync/sync-store.js';

describe('pushes and pulls that are written and read at a time', () => {
  it.each([3, 4, 5, 6, 7, 8, 9, 10, 200])('leave one of %i connections for look-ups', (connections) => {
    const { commits, reads } = statementsAtOnce('mysql', connections);
    expect(commits.most + reads.most).toBeLessThan(connections);
    for (const { least, most } of [commits, reads]) {
      expect(least).toBeGreaterThan(0);
      expect(least).toBeLessThanOrEqual(most);
    }
  });

  it.each([1, 2])('are one of each with %i connections', (connections) => {
    const one = { least: 1, most: 1 };
    expect(statementsAtOnce('mysql', connections)).toEqual({ commits: one, reads: one });
  });

  it('are two to four commits and two to five reads of ten connections or more, and one of each in SQLite', () => {
    const usual = { commits: { least: 2, most: 4 }, reads: { least: 2, most: 5 } };
    for (const connections of [undefined, 10, 200])
      expect(statementsAtOnce('mysql', connections)).toEqual(usual);
    const one = { least: 1, most: 1 };
    expect(statementsAtOnce('sqlite', 10)).toEqual({ commits: one, reads: one });
  });
});
