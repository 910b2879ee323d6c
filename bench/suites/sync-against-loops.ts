import { fileURLToPath } from 'node:url';
import { alternate, samplesOf, type Side } from '../alternation.js';
import type { MysqlServer } from '../bench-databases.js';
import { runChild } from '../child-process.js';
import { type LoadResult, loadResult, percentileMs } from '../load/load-result.js';
import { pairedRatios } from '../statistics.js';
import type { TargetId } from '../targets.js';
import type { SyncBench } from '../sync/sync-bench.js';

const UPSERTS = 'single-row upserts, 32 connections';
const SELECTS = 'single-row selects, 32 connections';
const ONE_UPSERT = 'single-row upserts, 1 connection';
const ONE_PUSH = 'pushes, 1 connection';
const PUSH_64 = 'pushes, 64 connections';
const PUSH_256 = 'pushes, 256 connections';
const PULL_256 = 'pulls, 256 connections';

/** Targets, each with the side that is measured and the side that it is divided by. */
const RATIOS: readonly (readonly [TargetId, string, string])[] = [
  ['push-256', PUSH_256, UPSERTS],
  ['push-64', PUSH_64, UPSERTS],
  ['pull-256', PULL_256, SELECTS],
];

type Passes = ReadonlyMap<string, LoadResult[]>;

/** The server over MySQL against plain loops of single-row statements. */
export async function measureAgainstLoops(bench: SyncBench, mysql: MysqlServer): Promise<void> {
  const { context, sizes } = bench;
  const { findings, log } = context;
  log('fleet on MySQL/MariaDB');
  const fleet = await bench.startFleet(await mysql.createDatabase(), sizes.fleet);
  const loops = await mysql.createDatabase();
  const loop = (mode: 'upsert' | 'select', connections: number) =>
    rowLoop(loops.url, mode, connections, sizes.seconds);
  const sides: Side<LoadResult>[] = [
    { name: UPSERTS, measure: () => loop('upsert', 32) },
    { name: PUSH_256, measure: () => fleet.load('push', 256) },
    { name: PUSH_64, measure: () => fleet.load('push', 64) },
    { name: SELECTS, measure: () => loop('select', 32) },
    { name: PULL_256, measure: () => fleet.load('pull', 256) },
    { name: ONE_UPSERT, measure: () => loop('upsert', 1) },
    { name: ONE_PUSH, measure: () => fleet.load('push', 1) },
  ];
  try {
    await rowLoop(loops.url, 'prepare', 1, sizes.seconds);
    log(`pushes and pulls, ${sizes.rounds} rounds`);
    // Warms up the compilers of both sides and the buffer pool.
    if (!context.quick) await alternate(sides, 1);
    const passes = await alternate(sides, sizes.rounds, (side, { requests, seconds }) =>
      log(`  ${side}: ${Math.round(requests / seconds)}/s`),
    );
    for (const { name } of sides) keepSeries(bench, passes, name);
    for (const [target, side, other] of RATIOS) {
      findings.targets.push({ target, samples: pairedRatios(rates(passes, side), rates(passes, other)) });
    }
    findings.targets.push(
      { target: 'push-single', samples: pairedRatios(rates(passes, ONE_UPSERT), rates(passes, ONE_PUSH)) },
      { target: 'push-256-p99', samples: samplesOf(passes, PUSH_256).map((pass) => percentileMs(pass, 99)) },
      { target: 'pull-256-p99', samples: samplesOf(passes, PULL_256).map((pass) => percentileMs(pass, 99)) },
    );
  } finally {
    await fleet.close();
    await loops.drop();
  }
}

/** Pushes and upserts share a plot of latencies, pulls and selects another. */
function keepSeries({ context: { findings } }: SyncBench, passes: Passes, name: string): void {
  findings.series.push({
    suite: 'sync',
    name: `rate: ${name}`,
    unit: 'requests/s',
    samples: rates(passes, name),
  });
  const results = samplesOf(passes, name);
  for (const { percentile } of results[0]?.percentiles ?? []) {
    findings.series.push({
      suite: 'sync',
      name: `${/pull|select/.test(name) ? 'pulls' : 'pushes'}: ${name}`,
      unit: 'ms',
      samples: results.map(
        ({ percentiles }) => percentiles.find((at) => at.percentile === percentile)?.ms ?? 0,
      ),
      at: { axis: 'percentile', value: percentile },
    });
  }
}

function rates(passes: Passes, side: string): number[] {
  return samplesOf(passes, side).map(({ requests, seconds }) => requests / seconds);
}

async function rowLoop(
  databaseUrl: string,
  mode: 'prepare' | 'upsert' | 'select',
  connections: number,
  seconds: number,
): Promise<LoadResult> {
  const script = fileURLToPath(new URL('../load/row-loop.js', import.meta.url));
  // The URL holds a password. Arguments are visible in the list of processes, the environment is not.
  const env = { ...process.env, URL: databaseUrl, MODE: mode };
  const { stdout } = await runChild(process.execPath, [script, String(connections), String(seconds)], {
    env,
  });
  return loadResult.parse(JSON.parse(stdout));
}
