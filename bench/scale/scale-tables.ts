import { formatNumber, markdownTable } from '../record/table.js';
import { ASSUMPTION_NAMES, ASSUMPTIONS, flagOf } from './scale-assumptions.js';
import type { ScaleCheck } from './measured-scale.js';
import type { ScaleAssumptions, ScaleCosts, ScaleNeeds } from './scale-model.js';

export function assumptionTable(assumed: ScaleAssumptions): string {
  return markdownTable(
    ['assumption', 'value:', 'flag'],
    ASSUMPTION_NAMES.map((name) => [
      ASSUMPTIONS[name].text,
      formatNumber(assumed[name]),
      `--${flagOf(name)}`,
    ]),
  );
}

export function costTable({ bytes, push, pull }: ScaleCosts): string {
  const rows = [
    ['bytes of a user with an API key', bytes.user, undefined],
    ['bytes of a place', bytes.head, undefined],
    ['bytes of an entry of the history', bytes.history, undefined],
  ] as const;
  const requests = [
    ['server, user and book remembered, µs', push.serverUs, pull.serverUs],
    ['server, nothing remembered, µs', push.unknownServerUs, pull.unknownServerUs],
    ['database, user and book remembered, µs', push.databaseUs, pull.databaseUs],
    ['database, nothing remembered, µs', push.unknownDatabaseUs, pull.unknownDatabaseUs],
    ['pages looked at', push.pagesRead, pull.pagesRead],
    ["bytes of the database's log", push.logBytes, pull.logBytes],
    ['pages written', push.pagesWritten, pull.pagesWritten],
  ] as const;
  return [
    markdownTable(
      ['a row, with all indexes', 'bytes:'],
      rows.map(([name, value]) => [name, formatNumber(value)]),
    ),
    markdownTable(
      ['a request', 'push:', 'pull:'],
      requests.map(([name, ofPush, ofPull]) => [name, formatNumber(ofPush), formatNumber(ofPull)]),
    ),
  ].join('\n\n');
}

const GB = 1e9;
const MB = 1e6;

export function needsTable(needs: readonly ScaleNeeds[]): string {
  const row = (name: string, value: (of: ScaleNeeds) => number | string): string[] => [
    name,
    ...needs.map((of) => {
      const found = value(of);
      return typeof found === 'number' ? formatNumber(found) : found;
    }),
  ];
  return markdownTable(
    ['readers', ...needs.map(({ readers }) => `${readers.toLocaleString('en-US')}:`)],
    [
      row('pushes/s, busiest second', (of) => of.pushesASecond),
      row('pulls/s, busiest second', (of) => of.pullsASecond),
      row('cores of servers', (of) => of.serverCores),
      row('servers', (of) => of.servers),
      row('cores of databases', (of) => of.databaseCores),
      row('working set, GB', (of) => of.workingSetBytes / GB),
      row('places after a year', (of) => of.headRows),
      row('entries of the history after a year', (of) => of.historyRows),
      row('disk after a year, one copy, GB', (of) => of.diskBytes / GB),
      row('of which grown in the year, GB', (of) => of.diskAYearBytes / GB),
      row("database's log, MB/s, busiest second", (of) => of.logBytesASecond / MB),
      row('pages written/s, busiest second', (of) => of.pagesWrittenASecond),
      row('shards', (of) => of.shards),
      row('decided by', (of) => of.decidedBy),
      row('database nodes', (of) => of.databaseNodes),
    ],
  );
}

export function checkTable(checks: readonly ScaleCheck[]): string {
  return markdownTable(
    ['places', 'figure', 'predicted:', 'measured:', 'deviation:'],
    checks.map(({ headRows, figure, unit, predicted, measured }) => [
      headRows.toLocaleString('en-US'),
      figure,
      `${formatNumber(predicted)} ${unit}`,
      `${formatNumber(measured)} ${unit}`,
      deviationText(predicted, measured),
    ]),
  );
}

function deviationText(predicted: number, measured: number): string {
  const percent = (predicted / measured - 1) * 100;
  return `${percent >= 0 ? '+' : ''}${percent.toFixed(0)} %`;
}
