import { TARGETS } from '../targets.js';
import type { RunRecord } from '../record/run-record.js';
import { drawLinePlot, type PlotLine } from './line-plot.js';

/** The newest runs are plotted. */
const MOST_RUNS = 40;
/** Dates that fit side by side. */
const MOST_DATES = 6;

/**
 * Each target of a suite over the recorded runs, as measured value over goal, or goal over measured value where less is
 * better, so that a target is reached from 1 on. `undefined` when no run measured the suite.
 */
export function drawHistory(suite: string, records: readonly RunRecord[]): string | undefined {
  const runs = records.slice(-MOST_RUNS);
  const lines = TARGETS.filter((target) => target.suite === suite)
    .map(({ id }): PlotLine => ({ name: id.replaceAll('-', ' '), points: pointsOf(id, runs) }))
    .filter(({ points }) => points.length > 0);
  if (lines.length === 0) return undefined;
  const every = Math.ceil(runs.length / MOST_DATES);
  const dates = runs.map((run, index): [number, string] => [index + 1, run.startedAt.slice(0, 10)]);
  return drawLinePlot({
    title: `Targets of suite ${suite} over the recorded runs`,
    xTitle: 'recorded runs, by date',
    yTitle: 'reached, as a multiple of the target',
    xScale: 'steps',
    yScale: 'tenfold',
    lines,
    mark: { y: 1, name: 'target' },
    xLabels: new Map(dates.filter((_, index) => index % every === 0)),
  });
}

function pointsOf(id: string, runs: readonly RunRecord[]): PlotLine['points'] {
  return runs.flatMap(({ targets }, index) => {
    const target = targets.find((candidate) => candidate.id === id);
    if (target?.measured === undefined || !(target.measured > 0)) return [];
    const reached =
      target.comparison === 'at least' ? target.measured / target.goal : target.goal / target.measured;
    return [{ x: index + 1, y: reached }];
  });
}
