import type { Connection, RowDataPacket } from 'mysql2/promise';
import { asAdministrator, type MysqlServer } from '../bench-databases.js';
import { type LoadGenerator, loadGenerator } from '../load/load-generator.js';
import { processCpuSeconds } from '../process-figures.js';
import {
  checkScale,
  type MeasuredScale,
  type MeasuredSize,
  type RequestFigures,
  SCALE_FACT,
} from '../scale/measured-scale.js';
import { makeScaleFleet, type ScaleFleet, type ScaleFleetSize } from '../scale/scale-fleet.js';
import { ROW_KINDS, type RowKind } from '../scale/scale-model.js';
import { median } from '../statistics.js';
import type { SuiteContext } from '../suite.js';
import { BenchServer } from '../sync/bench-server.js';
import { historyWritten } from '../sync/history-metric.js';

interface Sizes {
  /** Of the database that the costs come from. */
  readonly baseUsers: number;
  /** Of those that check them. */
  readonly users: readonly number[];
  readonly own: number;
  readonly books: number;
  readonly mostUsersWithHistory: number;
  readonly rounds: number;
  readonly seconds: number;
}

/** Costs with 400,000 places, checked with 10,000, 100,000 and 1,000,000. */
const FULL: Sizes = {
  baseUsers: 40_000,
  users: [1_000, 10_000, 100_000],
  own: 10,
  books: 20_000,
  mostUsersWithHistory: 30_000,
  rounds: 2,
  seconds: 2,
};
const QUICK: Sizes = {
  baseUsers: 1_000,
  users: [200, 2_000],
  own: 4,
  books: 200,
  mostUsersWithHistory: 2_000,
  rounds: 1,
  seconds: 1,
};

const CONNECTIONS = 64;
/** The costs are those of pages in memory: the model says how much memory that takes. */
const POOL_BYTES = 2 ** 30;
/** What is written behind pushes is waited for so long, and not longer: a flood of jumps takes the writer half a minute. */
const WRITTEN_MS = 10_000;

/** Whose rows grow with readers. The catalogue does not. */
const TABLES: Readonly<Record<RowKind, readonly string[]>> = {
  user: ['user', 'api_key', 'device', 'change_mark'],
  head: ['document_progress'],
  history: ['progress_history'],
};

/** What rows and requests cost at three sizes of the database: the input of bench:scale, and what checks it. */
export async function scaleSuite(context: SuiteContext): Promise<void> {
  const { findings, log, quick } = context;
  const sizes = quick ? QUICK : FULL;
  const mysql = await context.mysql();
  if (mysql === undefined) return;
  const { processId } = mysql;
  if (processId === undefined) {
    findings.notes.push('not measured: the processor time of a database on another machine cannot be read.');
    return;
  }
  const generator = await loadGenerator();
  const measured: MeasuredSize[] = [];
  const measureAll = async (): Promise<true> => {
    for (const users of [sizes.baseUsers, ...sizes.users]) {
      log(`${users} users with ${sizes.own} places each`);
      measured.push(await measureSize({ context, sizes, mysql, generator, processId }, users));
    }
    return true;
  };
  // A few thousand rows fit into any pool, and tests that use the same server do not wait while it is resized.
  const done = quick ? await measureAll() : await mysql.withBufferPool(POOL_BYTES, measureAll);
  if (done === undefined) {
    findings.notes.push(
      'The account may not set innodb_buffer_pool_size, so pages may have come from the disk.',
    );
    await measureAll();
  }
  const [base, ...checked] = measured;
  if (base === undefined) return;
  const scale: MeasuredScale = { base, sizes: checked };
  findings.facts[SCALE_FACT] = scale;
  for (const { headRows, figure, predicted, measured: found } of checkScale(scale)) {
    // In a quick run a table may be one page.
    if (!(found > 0)) continue;
    const name = `${figure}, ${headRows} places: predicted over measured`;
    findings.ratios.push({ suite: 'scale', name, samples: [predicted / found] });
  }
}

interface ScaleBench {
  readonly context: SuiteContext;
  readonly sizes: Sizes;
  readonly mysql: MysqlServer;
  readonly generator: LoadGenerator;
  /** Of the database server. */
  readonly processId: number;
}

async function measureSize(bench: ScaleBench, users: number): Promise<MeasuredSize> {
  const { context, sizes, mysql } = bench;
  const database = await mysql.createDatabase();
  try {
    const usersWithHistory = Math.min(users, sizes.mostUsersWithHistory);
    const size: ScaleFleetSize = { users, own: sizes.own, books: sizes.books, usersWithHistory };
    let empty: MeasuredSize['bytes'] | undefined;
    const fleet = await makeScaleFleet(database.url, context.workFolder, size, async () => {
      empty = await bytesByKind(database.url);
    });
    const full = await bytesByKind(database.url);
    const bytesOf = (kind: RowKind): number => full[kind] - (empty?.[kind] ?? 0);
    const { checkout, workFolder } = context;
    const server = await BenchServer.start({ checkout, databaseUrl: database.url, workFolder });
    try {
      return {
        users,
        books: Math.min(users * sizes.own, sizes.books),
        rows: { user: users, head: users * sizes.own, history: usersWithHistory * sizes.own },
        bytes: { user: bytesOf('user'), head: bytesOf('head'), history: bytesOf('history') },
        all: await measureModes(bench, server, database.url, fleet),
        known: await measureModes(bench, server, database.url, { ...fleet, keysFile: fleet.fewKeysFile }),
      };
    } finally {
      await server.stop();
    }
  } finally {
    await database.drop();
  }
}

async function measureModes(
  bench: ScaleBench,
  server: BenchServer,
  databaseUrl: string,
  fleet: ScaleFleet,
): Promise<MeasuredSize['all']> {
  const { generator, sizes, context } = bench;
  const load = { ...fleet, port: server.port, connections: CONNECTIONS, own: sizes.own };
  const samples: Record<'push' | 'pull', RequestFigures[]> = { push: [], pull: [] };
  // Pulls first, so that no history of pushes is written meanwhile; what is written during pushes is part of their cost.
  for (const mode of ['pull', 'push'] as const) {
    // The first round warms up the compilers.
    for (let round = context.quick ? 1 : 0; round <= sizes.rounds; round += 1) {
      const before = await countersOf(bench, server, databaseUrl);
      const { requests, seconds } = await generator.run({ ...load, mode, seconds: sizes.seconds });
      const after = await countersOf(bench, server, databaseUrl);
      const each = (part: keyof Counters): number => (after[part] - before[part]) / requests;
      const figures = {
        requestsASecond: requests / seconds,
        serverUs: each('serverSeconds') * 1e6,
        databaseUs: each('databaseSeconds') * 1e6,
        pagesRead: each('pagesRead'),
        logBytes: each('logBytes'),
        pagesWritten: each('pagesWritten'),
      };
      if (round > 0) samples[mode].push(figures);
      const us = `${figures.serverUs.toFixed(1)} + ${figures.databaseUs.toFixed(1)} µs`;
      context.log(`  ${mode}: ${Math.round(figures.requestsASecond)}/s, ${us}`);
    }
  }
  if (!context.quick) await historyWritten(server.port, WRITTEN_MS);
  return { push: medians(samples.push), pull: medians(samples.pull) };
}

function medians(samples: readonly RequestFigures[]): RequestFigures {
  const of = (part: keyof RequestFigures): number => median(samples.map((sample) => sample[part]));
  return {
    requestsASecond: of('requestsASecond'),
    serverUs: of('serverUs'),
    databaseUs: of('databaseUs'),
    pagesRead: of('pagesRead'),
    logBytes: of('logBytes'),
    pagesWritten: of('pagesWritten'),
  };
}

interface Counters {
  readonly serverSeconds: number;
  readonly databaseSeconds: number;
  readonly pagesRead: number;
  readonly logBytes: number;
  readonly pagesWritten: number;
}

async function countersOf(
  { processId }: ScaleBench,
  server: BenchServer,
  databaseUrl: string,
): Promise<Counters> {
  const status = await asAdministrator(databaseUrl, (connection) =>
    rowsOf(connection, "SHOW GLOBAL STATUS LIKE 'Innodb%'"),
  );
  const valueOf = (name: string): number =>
    Number(status.find((row) => row['Variable_name'] === name)?.['Value'] ?? 0);
  return {
    serverSeconds: processCpuSeconds(server.processId),
    databaseSeconds: processCpuSeconds(processId),
    pagesRead: valueOf('Innodb_buffer_pool_read_requests'),
    logBytes: valueOf('Innodb_os_log_written'),
    pagesWritten: valueOf('Innodb_buffer_pool_pages_flushed'),
  };
}

/** Of the files of each kind's tables and indexes. */
async function bytesByKind(databaseUrl: string): Promise<MeasuredSize['bytes']> {
  return asAdministrator(databaseUrl, async (connection) => {
    const names = ROW_KINDS.flatMap((kind) => TABLES[kind]);
    // The figures of information_schema are as old as the last statistics.
    await connection.query(`ANALYZE TABLE ${names.map((name) => `\`${name}\``).join(', ')}`);
    const rows = await rowsOf(
      connection,
      'SELECT table_name AS name, data_length + index_length AS bytes FROM information_schema.tables WHERE table_schema = DATABASE()',
    );
    const bytesOf = (kind: RowKind): number =>
      rows.reduce(
        (sum, row) => sum + (TABLES[kind].includes(String(row['name'])) ? Number(row['bytes']) : 0),
        0,
      );
    return { user: bytesOf('user'), head: bytesOf('head'), history: bytesOf('history') };
  });
}

async function rowsOf(connection: Connection, statement: string): Promise<RowDataPacket[]> {
  const [rows] = await connection.query<RowDataPacket[]>(statement);
  return rows;
}
