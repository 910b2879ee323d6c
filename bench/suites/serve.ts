import { alternate, samplesOf } from '../alternation.js';
import { type LoadGenerator, loadGenerator } from '../load/load-generator.js';
import { LOAD_MODES, type LoadMode, percentileMs } from '../load/load-result.js';
import { processMemoryBytes } from '../process-figures.js';
import { pairedRatios } from '../statistics.js';
import type { SuiteContext } from '../suite.js';
import { answerSizes } from '../sync/bare-side.js';
import { type FleetServer, startFleet } from '../sync/sync-bench.js';
import type { TargetId } from '../targets.js';
import { type FullSizes, measureFullDatabase } from './serve-full.js';
import { measureMemoryAtRest, type RestSizes } from './serve-rest.js';
import {
  againstSide,
  bareSide,
  dogearSide,
  measureServePass,
  type ServePass,
  type ServeSide,
  type ServeSideName,
} from './serve-sides.js';

interface Sizes {
  readonly users: number;
  readonly documents: number;
  readonly connections: readonly number[];
  readonly rounds: number;
  /** Duration of each measured load. */
  readonly seconds: number;
  /** Of the load before it, which is not measured. */
  readonly warmUpSeconds: number;
  readonly rest: RestSizes;
  readonly full: FullSizes;
}

const FULL: Sizes = {
  users: 20,
  documents: 1000,
  connections: [64, 256],
  rounds: 4,
  seconds: 3,
  warmUpSeconds: 1,
  rest: { waitSeconds: 150, starts: 1 },
  full: {
    fleet: { users: 100, documents: 1000, furtherBooks: 0, furtherProgress: 0 },
    further: { furtherBooks: 1_000_000, furtherProgress: 1_000_000 },
    rounds: 4,
    seconds: 3,
    warmUpSeconds: 1,
  },
};
const QUICK: Sizes = {
  users: 5,
  documents: 50,
  connections: [16],
  rounds: 1,
  seconds: 1,
  warmUpSeconds: 0,
  rest: { waitSeconds: 1, starts: 1 },
  full: {
    fleet: { users: 5, documents: 50, furtherBooks: 0, furtherProgress: 0 },
    further: { furtherBooks: 1_000, furtherProgress: 1_000 },
    rounds: 1,
    seconds: 1,
    warmUpSeconds: 0,
  },
};

/** Processor time a request is judged at this number of connections: with fewer, less is shared. */
const CPU_CONNECTIONS = 64;
const MB = 1e6;

const MYSQL: ServeSideName = 'MySQL/MariaDB';
const SQLITE: ServeSideName = 'SQLite';
const BARE: ServeSideName = 'bare uWebSockets.js';
const AGAINST: ServeSideName = 'koreader-sync-server';

/** The targets of pushes and pulls over koreader-sync-server; those of other databases and connections have none. */
const AGAINST_TARGETS: readonly (readonly [TargetId, ServeSideName, LoadMode, number])[] = [
  ['against-push-64', MYSQL, 'push', 64],
  ['against-push-256', MYSQL, 'push', 256],
  ['against-pull-64', MYSQL, 'pull', 64],
  ['against-pull-256', MYSQL, 'pull', 256],
  ['against-push-sqlite', SQLITE, 'push', 256],
  ['against-pull-sqlite', SQLITE, 'pull', 256],
];

type Passes = ReadonlyMap<string, ServePass[]>;

/**
 * Pushes and pulls by both databases in turn with a bare uWebSockets.js that answers bodies of the same sizes, and with a
 * koreader-sync-server where one is given: requests a second, and the processor time of server and database a request.
 */
export async function serveSuite(context: SuiteContext): Promise<void> {
  const sizes = context.quick ? QUICK : FULL;
  const generator = await loadGenerator();
  context.findings.facts['load generator'] = generator.description;
  await measureSides(context, sizes, generator);
  await measureMemoryAtRest(context, sizes.rest);
  await measureFullDatabase(context, sizes.full, generator);
}

async function measureSides(context: SuiteContext, sizes: Sizes, generator: LoadGenerator): Promise<void> {
  const { findings, log, quick } = context;
  const open: ServeSide[] = [];
  try {
    const servers = await openSides(context, sizes, generator, open);
    const sides = open.flatMap((side) =>
      sizes.connections.flatMap((connections) =>
        LOAD_MODES.map((mode) => ({
          name: figureOf(side.name, mode, connections),
          measure: () => measureServePass(side, mode, connections, sizes.warmUpSeconds),
        })),
      ),
    );
    log(`pushes and pulls of ${sizes.users} users, ${sizes.rounds} rounds`);
    // Warms up the compilers of all sides.
    if (!quick) await alternate(sides, 1);
    const passes = await alternate(sides, sizes.rounds, (side, pass) => log(`  ${side}: ${passText(pass)}`));
    for (const [name, samples] of passes) keepSeries(context, name, samples);
    for (const mode of LOAD_MODES) judgeProcessor(context, passes, mode, sizes.connections);
    judgeAgainst(context, passes, sizes.connections, open);
    for (const [name, { server }] of servers) {
      findings.series.push({
        suite: 'serve',
        name: `memory after the load: ${name}`,
        unit: 'MB',
        samples: [processMemoryBytes(server.processId) / MB],
      });
    }
  } finally {
    for (const side of open.toReversed()) await side.stop();
  }
}

/** @param open gets the sides as they are opened, so that they are stopped even when a later one cannot be */
async function openSides(
  context: SuiteContext,
  { users, documents, seconds }: Sizes,
  generator: LoadGenerator,
  open: ServeSide[],
): Promise<ReadonlyMap<ServeSideName, FleetServer>> {
  const size = { users, documents, furtherBooks: 0, furtherProgress: 0 };
  const servers = new Map<ServeSideName, FleetServer>();
  const mysql = await context.mysql();
  if (mysql !== undefined) {
    const server = await startFleet(context, generator, seconds, await mysql.createDatabase(), size);
    const { processId } = mysql;
    open.push(dogearSide(MYSQL, server, processId === undefined ? undefined : [processId], !context.quick));
    servers.set(MYSQL, server);
  }
  const sqlite = await startFleet(context, generator, seconds, context.sqlite(), size);
  open.push(dogearSide(SQLITE, sqlite, [], !context.quick));
  servers.set(SQLITE, sqlite);
  const answers = await answerSizes(sqlite.server.port, sqlite.fleet);
  context.findings.facts['bytes of an answer'] = { push: answers.pushBytes, pull: answers.pullBytes };
  open.push(await bareSide(answers, sqlite.fleet, { generator, seconds }));
  if (context.against !== undefined) {
    const { documentsFile } = sqlite.fleet;
    const fleet = { users, folder: context.workFolder, documentsFile };
    open.push(await againstSide(context.against, fleet, { generator, seconds }));
  }
  return servers;
}

function figureOf(side: ServeSideName, mode: LoadMode, connections: number): string {
  return `${mode === 'push' ? 'pushes' : 'pulls'}, ${connections} connections: ${side}`;
}

function passText({ requests, seconds, serverUs, databaseUs }: ServePass): string {
  const us = [serverUs, databaseUs].filter((part) => part !== undefined && part > 0);
  return `${Math.round(requests / seconds)}/s, ${us.map((part) => part?.toFixed(1)).join(' + ')} µs`;
}

function keepSeries(
  { findings: { series } }: SuiteContext,
  name: string,
  passes: readonly ServePass[],
): void {
  const suite = 'serve';
  series.push(
    { suite, name, unit: 'requests/s', samples: passes.map(rateOf) },
    {
      suite,
      name: `${name}, 99th percentile`,
      unit: 'ms',
      samples: passes.map((pass) => percentileMs(pass, 99)),
    },
  );
  for (const [part, of] of [
    ['server', 'serverUs'],
    ['database', 'databaseUs'],
  ] as const) {
    const samples = passes.flatMap((pass) => pass[of] ?? []);
    if (samples.some((us) => us > 0)) {
      series.push({ suite, name: `${name}, processor of the ${part}`, unit: 'µs', samples });
    }
  }
}

function judgeProcessor(
  { findings, quick }: SuiteContext,
  passes: Passes,
  mode: (typeof LOAD_MODES)[number],
  connections: readonly number[],
): void {
  // A quick run has fewer connections.
  const at = quick ? (connections[0] ?? CPU_CONNECTIONS) : CPU_CONNECTIONS;
  const bare = samplesOf(passes, figureOf(BARE, mode, at)).map(({ serverUs }) => serverUs ?? Number.NaN);
  for (const name of [MYSQL, SQLITE] as const) {
    const samples = passes.get(figureOf(name, mode, at));
    if (samples === undefined) continue;
    const server = samples.map(({ serverUs }) => serverUs ?? Number.NaN);
    const ratios = pairedRatios(server, bare);
    if (name === SQLITE) {
      findings.ratios.push({
        suite: 'serve',
        name: `processor of a ${mode} over a bare answer, SQLite`,
        samples: ratios,
      });
      continue;
    }
    findings.targets.push({ target: `${mode}-over-bare`, samples: ratios });
    const all = totalsOf(samples);
    if (all !== undefined) findings.targets.push({ target: `${mode}-processor`, samples: all });
  }
}

/** Server and database; `undefined` where one of them cannot be looked at. */
function totalsOf(passes: readonly ServePass[]): number[] | undefined {
  const totals = passes.flatMap(({ serverUs, databaseUs }) =>
    serverUs === undefined || databaseUs === undefined ? [] : [serverUs + databaseUs],
  );
  return totals.length === passes.length ? totals : undefined;
}

function judgeAgainst(
  { findings, quick }: SuiteContext,
  passes: Passes,
  connections: readonly number[],
  open: readonly ServeSide[],
): void {
  const rates = (name: ServeSideName, mode: LoadMode, at: number): number[] | undefined =>
    passes.get(figureOf(name, mode, at))?.map(rateOf);
  for (const at of connections) {
    for (const mode of LOAD_MODES) {
      for (const { name } of open.filter((side) => side.name !== BARE && side.name !== AGAINST)) {
        const own = rates(name, mode, at) ?? [];
        findings.ratios.push({
          suite: 'serve',
          name: `${figureOf(name, mode, at)}, over ${BARE}`,
          samples: pairedRatios(own, rates(BARE, mode, at) ?? []),
        });
      }
    }
  }
  if (!open.some(({ name }) => name === AGAINST)) return;
  for (const [target, name, mode, at] of AGAINST_TARGETS) {
    const place = quick ? (connections[0] ?? at) : at;
    const [own, other] = [rates(name, mode, place), rates(AGAINST, mode, place)];
    if (own !== undefined && other !== undefined) {
      findings.targets.push({ target, samples: pairedRatios(own, other) });
    }
  }
  for (const mode of LOAD_MODES) {
    const at = quick ? (connections[0] ?? CPU_CONNECTIONS) : CPU_CONNECTIONS;
    const own = totalsOf(passes.get(figureOf(MYSQL, mode, at)) ?? []);
    const other = totalsOf(passes.get(figureOf(AGAINST, mode, at)) ?? []);
    if (own !== undefined && other !== undefined && own.length > 0) {
      findings.targets.push({ target: `against-${mode}-processor`, samples: pairedRatios(other, own) });
    }
  }
}

function rateOf({ requests, seconds }: ServePass): number {
  return requests / seconds;
}
