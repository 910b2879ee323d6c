import type { SuiteName } from './arguments.js';
import { median } from './statistics.js';

/** How the samples of a figure become the one number that is held against the goal. */
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

/** What Dogear has to reach; summary.md begins with this table. */
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
  absolute('scan-memory', 'scan', 'peak memory of a first scan, either database', 300, 'MB', 'largest'),
  ratio('push-256', 'sync', 'pushes, 256 connections, over single-row upserts on 32', 'at least', 2.2),
  ratio('push-64', 'sync', 'pushes, 64 connections, over single-row upserts on 32', 'at least', 1.1),
  ratio('pull-256', 'sync', 'pulls, 256 connections, over single-row selects on 32', 'at least', 2),
  absolute('push-256-p99', 'sync', '99th percentile of a push, 256 connections', 50, 'ms', 'median'),
  absolute('pull-256-p99', 'sync', '99th percentile of a pull, 256 connections', 50, 'ms', 'median'),
  ratio('push-single', 'sync', 'time of a push on one connection over one single-row upsert', 'below', 2),
  ratio('push-256-full', 'sync', 'pushes with a full database over an empty one', 'at least', 0.8),
  ratio('pull-256-full', 'sync', 'pulls with a full database over an empty one', 'at least', 0.8),
  {
    ...absolute(
      'push-sqlite',
      'sync',
      'pushes, 64 connections, SQLite, synchronous=FULL',
      10_000,
      '/s',
      'median',
    ),
    comparison: 'at least',
  },
  absolute('sqlite-loop-block', 'sync', 'longest block of the event loop meanwhile', 20, 'ms', 'largest'),
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

type Listed = Target & { readonly id: TargetId };

/** The samples that a target is judged by: ratios of pairs, or absolute values. */
export interface Finding {
  readonly target: TargetId;
  readonly samples: readonly number[];
}

export type Verdict =
  | { readonly state: 'passed' | 'failed'; readonly target: Listed; readonly measured: number }
  | { readonly state: 'not measured'; readonly target: Listed };

/** The targets of the suites that ran, whether or not they found something. */
export function judge(findings: readonly Finding[], suites: readonly SuiteName[]): Verdict[] {
  return TARGETS.filter(({ suite }) => suites.includes(suite)).map((target: Listed): Verdict => {
    const samples = findings.find((finding) => finding.target === target.id)?.samples;
    if (samples === undefined) return { state: 'not measured', target };
    const measured = target.summary === 'median' ? median(samples) : Math.max(...samples);
    const isReached = target.comparison === 'at least' ? measured >= target.goal : measured < target.goal;
    return { state: isReached ? 'passed' : 'failed', target, measured };
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
