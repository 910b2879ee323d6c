import type { RunRecord } from '../record/run-record.js';
import type { SummaryPlot } from '../record/summary.js';
import { median } from '../statistics.js';
import type { AxisPlace } from '../suite.js';
import { drawHistory } from './history.js';
import { drawLinePlot, type LinePlot, type PlotLine } from './line-plot.js';

export interface DrawnPlot extends SummaryPlot {
  readonly svg: string;
}

type Series = RunRecord['series'][number];

const AXES: Readonly<
  Record<AxisPlace['axis'], Pick<LinePlot, 'xScale' | 'xTitle' | 'yScale'> & { readonly title: string }>
> = {
  threads: { title: 'by number of threads', xTitle: 'threads', xScale: 'doubling', yScale: 'linear' },
  files: {
    title: 'by size of the library',
    xTitle: 'files in the library',
    xScale: 'tenfold',
    yScale: 'linear',
  },
  connections: {
    title: 'by number of connections',
    xTitle: 'connections',
    xScale: 'doubling',
    yScale: 'linear',
  },
  percentile: {
    title: 'latency by percentile',
    xTitle: 'percentile of the requests',
    xScale: 'nines',
    yScale: 'tenfold',
  },
  'batch files': {
    title: 'by files in a batch',
    xTitle: 'files in a batch',
    xScale: 'doubling',
    yScale: 'tenfold',
  },
};

/** For each suite, a plot for every axis that it has figures along, and the history over all recorded runs. */
export function drawPlots(record: RunRecord, history: readonly RunRecord[]): DrawnPlot[] {
  const plots: DrawnPlot[] = [];
  for (const suite of record.suites) {
    for (const [axis, look] of Object.entries(AXES)) {
      const series = record.series.filter((figure) => figure.suite === suite && figure.at?.axis === axis);
      for (const group of groupBy(series, ({ name, unit }) => `${groupOf(name)}\n${unit}`).values()) {
        const [first] = group;
        if (first === undefined) continue;
        const title = `${capitalised(groupOf(first.name))}, ${look.title}`;
        const svg = drawLinePlot({ ...look, title, yTitle: first.unit, lines: linesOf(group) });
        plots.push({ file: `${fileName(`${suite} ${groupOf(first.name)} ${axis}`)}.svg`, title, svg });
      }
    }
    const svg = drawHistory(suite, history);
    if (svg !== undefined)
      plots.push({ file: `history-${suite}.svg`, title: `History of suite ${suite}`, svg });
  }
  return plots;
}

/** A figure's name is `group: side`; a plot holds the sides of one group. */
function groupOf(name: string): string {
  return name.split(':', 1)[0] ?? name;
}

function linesOf(group: readonly Series[]): PlotLine[] {
  return [...groupBy(group, ({ name }) => name.slice(groupOf(name).length + 1).trim())].map(
    ([name, places]) => ({
      name,
      points: places
        .map(({ at, samples }) => ({
          x: at?.value ?? 0,
          y: median(samples),
          low: Math.min(...samples),
          high: Math.max(...samples),
        }))
        .toSorted((left, right) => left.x - right.x),
    }),
  );
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function fileName(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
