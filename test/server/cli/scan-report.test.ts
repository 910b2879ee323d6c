import { expect, it } from 'vitest';
import { ScanReport } from '../../../server/cli/scan-report.js';
import { scanId } from '../../../server/domain/ids.js';
import { NO_COUNTS } from '../../../server/scan/scan.js';
import { counts } from '../../support/scan-bench.js';

it('a report lists twenty failures, and counts the others by reason', () => {
  const report = new ScanReport();
  const fail = (code: string): void => report.failure({ path: Buffer.from('a.epub'), code, message: 'no' });
  for (let i = 0; i < 20; i++) fail('vanished');
  expect(report.failureLines()).toHaveLength(20);
  for (const code of ['vanished', 'unreadable', 'unreadable']) fail(code);
  expect(report.failureLines().slice(19)).toEqual([
    '  failed: a.epub: no',
    '  … and 3 more failures: 2 unreadable, 1 vanished',
  ]);
});

it('a report says how many files were read again for their inode or time of change, and what to do where many are', () => {
  const linesOf = (rechecked: number): string =>
    new ScanReport()
      .lines({
        scanId: scanId(1),
        library: 'books',
        counts: { ...NO_COUNTS, found: 10, rechecked },
        elapsedMs: 1,
      })
      .join('\n');
  expect(linesOf(0)).not.toContain('read again');
  expect(linesOf(5)).toContain('5 read again: same size and time');
  expect(linesOf(5)).not.toContain('change_check');
  expect(linesOf(6)).toContain('set library.change_check to mtime');
});

it('a report says how many folders were left out, and how many books would go', () => {
  const lines = (skipped: number, skippable: number): readonly string[] =>
    new ScanReport()
      .lines({
        scanId: scanId(1),
        library: 'a',
        counts: counts({ found: 9, skipped, skippable }),
        elapsedMs: 1000,
      })
      .slice(2);
  expect(lines(0, 0)).toEqual([]);
  expect(lines(3, 0)).toEqual(['  folders skipped: 3']);
  expect(lines(0, 4)).toEqual([
    expect.stringMatching(/^  4 of the files lie in folders of trash .*--skip-system on/),
  ]);
});
