import type { SuiteName } from './arguments.js';
import { median } from './statistics.js';

/** How the samples of a figure become the one number that is compared with the goal. */
type Summary = 'median' | 'largest';

export interface Target {
  readonly id: string;
  readonly suite: SuiteName;
  /** What is measured over what. */
  readonly title: string;
  readonly comparison: 'at least' | 'below';
  readonly goal: number;
  /** `×`: a ratio of two sides that alternated in the run. */
  readonly unit: '×' | 'ms' | 'MB' | 'µs' | '/s';
  readonly summary: Summary;
}

/** The goals of Dogear; summary.md begins with this table. */
export const TARGETS = [
  ratio('hash-1-thread', 'hash', 'hashing, 1 thread, over the yardstick with 1', 'at least', 1.7),
  ratio('hash-2-threads', 'hash', 'hashing, 2 threads, over the yardstick with 2', 'at least', 1.5),
  ratio(
    'hash-cold',
    'hash',
    'hashing, cold cache, automatic concurrency, over the best of the yardstick with 2, 8 and 32 threads',
    'at least',
    0.8,
  ),
  ratio('first-scan-sqlite', 'scan', 'first scan into SQLite over the engine alone', 'at least', 0.5),
  ratio('first-scan-mysql', 'scan', 'first scan into MySQL/MariaDB over the engine alone', 'at least', 0.4),
  ratio('unchanged-sqlite', 'walk', 'check of an unchanged library, SQLite, over find', 'at least', 0.4),
  ratio(
    'unchanged-mysql',
    'walk',
    'check of an unchanged library, MySQL/MariaDB, over find',
    'at least',
    0.4,
  ),
  ratio(
    'late-unchanged',
    'late',
    'check of an unchanged library, storage 2 ms late, over find',
    'at least',
    8,
  ),
  ratio('late-first', 'late', 'first scan, storage 2 ms late, over find', 'at least', 5),
  ratio(
    'whole-calibre-1',
    'scan',
    'new library, calibre layout, 1 thread, over find and the yardstick',
    'at least',
    1.7,
  ),
  ratio('whole-calibre-2', 'scan', 'the same, 2 threads', 'at least', 1.6),
  ratio(
    'whole-flat-1',
    'scan',
    'new library, one folder, 1 thread, over find and the yardstick',
    'at least',
    1.7,
  ),
  ratio('whole-flat-2', 'scan', 'the same, 2 threads', 'at least', 1.6),
  absolute('scan-memory', 'scan', 'peak memory of a first scan, either database', 300, 'MB', 'largest'),
  absolute(
    'large-first-memory',
    'large',
    'peak memory of a first scan of 1,000,000 files, either database',
    300,
    'MB',
    'largest',
  ),
  absolute('large-unchanged-memory', 'large', 'the same, nothing new', 300, 'MB', 'largest'),
  absolute('large-moved-memory', 'large', 'the same, the whole library moved', 300, 'MB', 'largest'),
  absolute('start-version', 'start', 'dogear --version', 120, 'ms', 'median'),
  absolute('start-help', 'start', 'dogear --help', 120, 'ms', 'median'),
  absolute('start-hash', 'start', 'dogear hash of one file', 200, 'ms', 'median'),
  ratio(
    'push-over-bare',
    'serve',
    "the server's processor time of a push over that of a bare uWebSockets.js answer, 64 connections, MySQL/MariaDB",
    'below',
    2,
  ),
  ratio('pull-over-bare', 'serve', 'the same, a pull', 'below', 2),
  // A tenth of what koreader-sync-server takes on two cores: 273 and 270 µs.
  absolute(
    'push-processor',
    'serve',
    'processor time of server and database for a push, 64 connections, MySQL/MariaDB',
    27.3,
    'µs',
    'median',
  ),
  absolute('pull-processor', 'serve', 'the same, a pull', 27, 'µs', 'median'),
  ratio(
    'against-push-64',
    'serve',
    'pushes, 64 connections, MySQL/MariaDB, over koreader-sync-server',
    'at least',
    5,
  ),
  ratio('against-push-256', 'serve', 'the same, 256 connections', 'at least', 7),
  ratio(
    'against-pull-64',
    'serve',
    'pulls, 64 connections, MySQL/MariaDB, over koreader-sync-server',
    'at least',
    6,
  ),
  ratio('against-pull-256', 'serve', 'the same, 256 connections', 'at least', 8),
  ratio(
    'against-push-sqlite',
    'serve',
    'pushes, 256 connections, SQLite, over koreader-sync-server',
    'at least',
    5,
  ),
  ratio('against-pull-sqlite', 'serve', 'the same, pulls', 'at least', 6),
  ratio(
    'against-push-processor',
    'serve',
    "koreader-sync-server's processor time of a push, its database included, over that of Dogear and MySQL/MariaDB",
    'at least',
    10,
  ),
  ratio('against-pull-processor', 'serve', 'the same, a pull', 'at least', 10),
  absolute('rest-memory', 'serve', 'memory of a server at rest, either database', 90, 'MB', 'largest'),
  ratio('push-256-full', 'serve', 'pushes with a full database over an empty one', 'at least', 0.7),
  ratio('pull-256-full', 'serve', 'pulls with a full database over an empty one', 'at least', 0.7),
  ratio('push-256', 'sync', 'pushes, 256 connections, over single-row upserts on 32', 'at least', 2.2),
  ratio('push-64', 'sync', 'pushes, 64 connections, over single-row upserts on 32', 'at least', 1.1),
  ratio('pull-256', 'sync', 'pulls, 256 connections, over single-row selects on 32', 'at least', 2),
  absolute('push-256-p99', 'sync', '99th percentile of a push, 256 connections', 50, 'ms', 'median'),
  absolute('pull-256-p99', 'sync', '99th percentile of a pull, 256 connections', 50, 'ms', 'median'),
  ratio('push-single', 'sync', 'time of a push on one connection over one single-row upsert', 'below', 2),
  {
    id: 'push-sqlite',
    suite: 'sync',
    title: 'pushes, 64 connections, SQLite, synchronous=FULL',
    comparison: 'at least',
    goal: 10_000,
    unit: '/s',
    summary: 'median',
  },
  absolute('sqlite-loop-block', 'sync', 'longest block of the event loop meanwhile', 20, 'ms', 'largest'),
  ratio(
    'push-history-mysql',
    'sync',
    'pushes of readers who turn pages, with the history of progress over without, MySQL/MariaDB',
    'at least',
    0.95,
  ),
  ratio('push-history-sqlite', 'sync', 'the same, SQLite', 'at least', 0.95),
  absolute(
    'request-cpu',
    'sync',
    'CPU of authentication, routing and parsing for a push',
    15,
    'µs',
    'median',
  ),
] as const satisfies readonly Target[];

export type TargetId = (typeof TARGETS)[number]['id'];

/** The samples that a target is judged by: ratios of pairs, or absolute values. */
export interface Finding {
  readonly target: TargetId;
  readonly samples: readonly number[];
}

export interface Verdict extends Omit<Target, 'summary'> {
  readonly state: 'passed' | 'failed' | 'not measured';
  readonly measured?: number;
  readonly samples: readonly number[];
}

/** A verdict on every target of the suites that ran; a target without a finding is `not measured`. */
export function judge(findings: readonly Finding[], suites: readonly SuiteName[]): Verdict[] {
  return TARGETS.filter(({ suite }) => suites.includes(suite)).map(({ summary, ...target }): Verdict => {
    const samples = findings.find((finding) => finding.target === target.id)?.samples;
    if (samples === undefined) return { ...target, state: 'not measured', samples: [] };
    const measured = summary === 'median' ? median(samples) : Math.max(...samples);
    const isReached = target.comparison === 'at least' ? measured >= target.goal : measured < target.goal;
    return { ...target, state: isReached ? 'passed' : 'failed', measured, samples };
  });
}

function ratio<Id extends string>(
  id: Id,
  suite: SuiteName,
  title: string,
  comparison: Target['comparison'],
  goal: number,
) {
  return { id, suite, title, comparison, goal, unit: '×', summary: 'median' } as const;
}

function absolute<Id extends string>(
  id: Id,
  suite: SuiteName,
  title: string,
  goal: number,
  unit: Target['unit'],
  summary: Summary,
) {
  return { id, suite, title, comparison: 'below', goal, unit, summary } as const;
}
