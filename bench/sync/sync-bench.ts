import type { BenchDatabase } from '../bench-databases.js';
import type { Load, LoadGenerator } from '../load/load-generator.js';
import type { LoadResult } from '../load/load-result.js';
import type { SuiteContext } from '../suite.js';
import { BenchServer } from './bench-server.js';
import { type Fleet, type FleetSize, makeFleet } from './fleet.js';

export interface SyncSizes {
  readonly fleet: FleetSize;
  readonly rounds: number;
  /** Duration of each measurement. */
  readonly seconds: number;
  readonly sqliteRounds: number;
  readonly historyRounds: number;
  readonly cpuRounds: number;
  readonly connections: readonly number[];
  readonly connectionRounds: number;
}

/** A server over a database that holds a fleet of readers. */
export interface FleetServer {
  readonly server: BenchServer;
  readonly fleet: Fleet;
  /** Another server with further settings on the same database, for the same load. To be closed before this one. */
  beside(settings: readonly string[]): Promise<Omit<FleetServer, 'beside' | 'fleet'>>;
  /** @param seconds default: those that it was started with */
  load(mode: Load['mode'], connections: number, seconds?: number): Promise<LoadResult>;
  close(): Promise<void>;
}

export interface SyncBench {
  readonly context: SuiteContext;
  readonly sizes: SyncSizes;
  /** Fills the database and starts a server over it. Closing stops the server and drops the database. */
  startFleet(this: void, database: BenchDatabase, size: FleetSize): Promise<FleetServer>;
}

export async function startFleet(
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
  const loadOf =
    ({ port }: BenchServer): FleetServer['load'] =>
    (mode, connections, loadSeconds = seconds) =>
      generator.run({ ...fleet, port, mode, connections, seconds: loadSeconds });
  return {
    server,
    fleet,
    beside: async (settings) => {
      const other = await BenchServer.start({ checkout, databaseUrl: database.url, workFolder, settings });
      return { server: other, load: loadOf(other), close: () => other.stop() };
    },
    load: loadOf(server),
    close: async () => {
      try {
        await server.stop();
      } finally {
        await database.drop();
      }
    },
  };
}
