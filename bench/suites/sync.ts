import type { Load, LoadGenerator } from '../load/load-generator.js';
import { loadGenerator } from '../load/load-generator.js';
import { BenchServer } from '../sync/bench-server.js';
import { type Fleet, type FleetSize, makeFleet } from '../sync/fleet.js';
import type { BenchDatabase } from '../bench-databases.js';
import type { SuiteContext } from '../suite.js';
import { measureAgainstLoops } from './sync-against-loops.js';
import { measureConnections } from './sync-connections.js';
import { measureRequestCpu } from './sync-request-cpu.js';
import { measureSqlite } from './sync-sqlite.js';

export interface SyncSizes {
  readonly fleet: FleetSize;
  /** Added to the fleet for the full database. */
  readonly full: Pick<FleetSize, 'furtherBooks' | 'furtherProgress'>;
  readonly rounds: number;
  /** Of each measurement. */
  readonly seconds: number;
  readonly sqliteRounds: number;
  readonly cpuRounds: number;
  readonly connections: readonly number[];
  readonly connectionRounds: number;
}

const FULL: SyncSizes = {
  fleet: { users: 100, documents: 1000, furtherBooks: 0, furtherProgress: 0 },
  full: { furtherBooks: 1_000_000, furtherProgress: 1_000_000 },
  rounds: 7,
  seconds: 3,
  sqliteRounds: 7,
  cpuRounds: 3,
  connections: [1, 4, 16, 64, 256, 512],
  connectionRounds: 2,
};
const QUICK: SyncSizes = {
  fleet: { users: 10, documents: 100, furtherBooks: 0, furtherProgress: 0 },
  full: { furtherBooks: 5_000, furtherProgress: 5_000 },
  rounds: 1,
  seconds: 1,
  sqliteRounds: 1,
  cpuRounds: 1,
  connections: [16],
  connectionRounds: 1,
};

/** A server over a database with a fleet of readers in it. */
export interface FleetServer {
  readonly server: BenchServer;
  load(mode: Load['mode'], connections: number): Promise<Awaited<ReturnType<LoadGenerator['run']>>>;
  close(): Promise<void>;
}

export interface SyncBench {
  readonly context: SuiteContext;
  readonly sizes: SyncSizes;
  /** Fills the database, starts a server over it; closing stops that and drops the database. */
  startFleet(this: void, database: BenchDatabase, size: FleetSize): Promise<FleetServer>;
}

/**
 * Pushes and pulls over the API-key routes of the built program, as clients send them, against plain loops over the
 * same database server. Load generator, server and database share the machine.
 */
export async function syncSuite(context: SuiteContext): Promise<void> {
  const sizes = context.quick ? QUICK : FULL;
  const generator = await loadGenerator();
  context.findings.facts['load generator'] = generator.description;
  const bench: SyncBench = {
    context,
    sizes,
    startFleet: (database, size) => startFleet(context, generator, sizes.seconds, database, size),
  };
  const mysql = await context.mysql();
  if (mysql !== undefined) {
    await measureAgainstLoops(bench, mysql);
    await measureConnections(bench, mysql);
    await measureRequestCpu(bench, mysql);
  }
  await measureSqlite(bench);
}

async function startFleet(
  { checkout, workFolder }: SuiteContext,
  generator: LoadGenerator,
  seconds: number,
  database: BenchDatabase,
  size: FleetSize,
): Promise<FleetServer> {
  let fleet: Fleet;
  let server: BenchServer;
  try {
    fleet = await makeFleet(database.url, workFolder, size);
    server = await BenchServer.start({ checkout, databaseUrl: database.url, workFolder });
  } catch (error) {
    await database.drop();
    throw error;
  }
  return {
    server,
    load: (mode, connections) => generator.run({ ...fleet, port: server.port, mode, connections, seconds }),
    close: async () => {
      try {
        await server.stop();
      } finally {
        await database.drop();
      }
    },
  };
}
