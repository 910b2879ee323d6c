import { median, medianInterval } from '../statistics.js';
import type { Fact } from '../suite.js';
import type { RunRecord } from './run-record.js';
import { formatNumber, markdownTable } from './table.js';

/** A picture in the record's folder. */
export interface SummaryPlot {
  readonly file: string;
  readonly title: string;
}

const HOW_TO_READ =
  'Ratios are medians over pairs of samples that were taken in turn in this run; in brackets the range in which the ' +
  'median lies with at least 95 % probability (the whole range of the samples where those are fewer than six). Every ' +
  'sample is in record.json.';

/** summary.md: targets first, then the machine, then every figure. */
export function summaryText(record: RunRecord, plots: readonly SummaryPlot[]): string {
  const { commit, isDirty } = record.revision;
  const parts = [
    `# Benchmark run of ${record.startedAt.slice(0, 16).replace('T', ' ')} UTC`,
    `Commit ${commit.slice(0, 12)}${isDirty ? ' with changes that are not committed' : ''}, ` +
      `\`${record.command}\`, ${formatDuration(record.seconds)}.` +
      (record.isQuick ? '\n\n**A quick run: small sizes, few rounds. Nothing here is a result.**' : ''),
    ...(record.targets.length === 0 ? [] : ['## Targets', HOW_TO_READ, targetTable(record)]),
    ...(record.notes.length === 0 ? [] : ['## Notes', record.notes.map((note) => `- ${note}`).join('\n')]),
    '## Machine',
    factList(record.machine),
    ...record.suites.flatMap((suite) => suiteParts(record, suite)),
    '## Facts',
    factList(record.facts),
    ...(plots.length === 0
      ? []
      : ['## Plots', plots.map(({ file, title }) => `![${title}](${file})`).join('\n\n')]),
    '## Versions',
    Object.entries(record.software)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ];
  return `${parts.join('\n\n')}\n`;
}

function targetTable({ targets }: RunRecord): string {
  const rows = targets.map(({ title, comparison, goal, unit, state, measured, samples }) => [
    title,
    `${comparison} ${withUnit(goal, unit)}`,
    measured === undefined ? '' : withUnit(measured, unit),
    samples.length < 2 ? '' : interval(samples),
    String(samples.length),
    state === 'failed' ? '**failed**' : state,
  ]);
  return markdownTable(['figure', 'target:', 'measured:', 'range:', 'n:', ''], rows);
}

function suiteParts(record: RunRecord, suite: RunRecord['suites'][number]): string[] {
  const ratios = record.ratios.filter((ratio) => ratio.suite === suite);
  const series = record.series.filter((figure) => figure.suite === suite);
  const ratioRows = ratios.map(({ name, samples }) => [
    name,
    `${formatNumber(median(samples))} ×`,
    interval(samples),
    String(samples.length),
  ]);
  const plain = series.filter(({ at }) => at === undefined);
  const seriesRows = plain.map(({ name, unit, samples }) => [
    name,
    `${formatNumber(median(samples))} ${unit}`,
    `${formatNumber(Math.min(...samples))} – ${formatNumber(Math.max(...samples))}`,
    String(samples.length),
  ]);
  return [
    `## Suite ${suite}`,
    ...(ratios.length === 0 ? [] : [markdownTable(['ratio', 'median:', 'range:', 'n:'], ratioRows)]),
    ...(plain.length === 0 ? [] : [markdownTable(['figure', 'median:', 'all samples:', 'n:'], seriesRows)]),
    ...seriesTables(series),
  ];
}

/** Medians of the figures along an axis: a table for each group, unit and axis, with a row for each side. */
function seriesTables(series: RunRecord['series']): string[] {
  const tables = new Map<
    string,
    { readonly places: Set<number>; readonly rows: Map<string, Map<number, number>> }
  >();
  for (const { name, unit, at, samples } of series) {
    if (at === undefined) continue;
    const [group = name, side = ''] = name.split(/: */, 2);
    const title = `${group}, ${unit} by ${at.axis}`;
    const table = tables.get(title) ?? { places: new Set(), rows: new Map() };
    tables.set(title, table);
    table.places.add(at.value);
    const row = table.rows.get(side) ?? new Map<number, number>();
    table.rows.set(side, row.set(at.value, median(samples)));
  }
  return [...tables].map(([title, { places, rows }]) => {
    const columns = [...places].toSorted((left, right) => left - right);
    const cells = [...rows].map(([side, row]) => [
      side,
      ...columns.map((place) => (row.has(place) ? formatNumber(row.get(place) ?? 0) : '')),
    ]);
    return markdownTable([title, ...columns.map((place) => `${place.toLocaleString('en-US')}:`)], cells);
  });
}

function interval(samples: readonly number[]): string {
  const { low, high } = medianInterval(samples);
  return `[${formatNumber(low)}, ${formatNumber(high)}]`;
}

function withUnit(value: number, unit: string): string {
  return unit === '/s' ? `${formatNumber(value)}/s` : `${formatNumber(value)} ${unit}`;
}

function factList(facts: Readonly<Record<string, Fact>>): string {
  return Object.entries(facts)
    .map(([name, fact]) => `- ${name}: ${factText(fact)}`)
    .join('\n');
}

function factText(fact: Fact): string {
  if (typeof fact === 'number') return fact.toLocaleString('en-US');
  if (typeof fact !== 'object') return String(fact);
  if (isFactList(fact)) return fact.length === 0 ? 'none' : fact.map(factText).join('; ');
  return Object.entries(fact)
    .map(([name, value]) => `${name} ${factText(value)}`)
    .join(', ');
}

function isFactList(fact: Fact): fact is readonly Fact[] {
  return Array.isArray(fact);
}

function formatDuration(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`;
}
