import { expect, it } from 'vitest';
import { ScanReport } from '../../../server/cli/scan-report.js';

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
