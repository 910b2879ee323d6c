import { markdownTable } from '../record/table.js';
import type { SoakReport } from './soak-run.js';

/** One table of all databases, followed by the notes of each. */
export function soakText(reports: readonly SoakReport[]): string {
  const rows = reports.flatMap(({ kind, rows }) =>
    rows.map((row) => [
      kind,
      row.name,
      String(row.times),
      row.requests.toLocaleString('en-US'),
      row.unavailable.toLocaleString('en-US'),
      row.unanswered.toLocaleString('en-US'),
      row.longestPauseMs.toFixed(0),
      row.slowestMs.toFixed(0),
      String(row.lost),
      String(row.stale),
      row.mustBeNamed ? `${row.named} of ${row.times}` : '-',
    ]),
  );
  const columns = [
    'database',
    'fault',
    'times:',
    'requests:',
    '503:',
    'unanswered:',
    'longest pause ms:',
    'slowest answer ms:',
    'lost:',
    'stale:',
    'named in log:',
  ];
  const lines = reports.flatMap(({ kind, skipped, notes }) => [
    ...skipped.map((text) => `${kind}: skipped: ${text}`),
    ...notes.map((text) => `${kind}: ${text}`),
  ]);
  return `${markdownTable(columns, rows)}\n\n${lines.join('\n')}\n`;
}
