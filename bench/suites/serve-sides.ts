import type { LoadGenerator } from '../load/load-generator.js';
import type { LoadMode, LoadResult } from '../load/load-result.js';
import { processCpuSeconds } from '../process-figures.js';
import { type AgainstOptions, makeAgainstFleet } from '../sync/against-server.js';
import { startBareServer } from '../sync/bare-side.js';
import type { Fleet } from '../sync/fleet.js';
import { historyWritten } from '../sync/history-metric.js';
import type { FleetServer } from '../sync/sync-bench.js';

export const SIDE_NAMES = ['MySQL/MariaDB', 'SQLite', 'bare uWebSockets.js', 'koreader-sync-server'] as const;
export type ServeSideName = (typeof SIDE_NAMES)[number];

/** Something that answers pushes and pulls, and the processes whose time its answers take. */
export interface ServeSide {
  readonly name: ServeSideName;
  /** Of the server, and of its database where that is another program; `undefined` where they cannot be looked at. */
  readonly serverProcesses: readonly number[] | undefined;
  readonly databaseProcesses: readonly number[] | undefined;
  /** @param seconds default: those of a measured load */
  load(mode: LoadMode, connections: number, seconds?: number): Promise<LoadResult>;
  stop(): Promise<void>;
}

export interface ServePass extends LoadResult {
  /** Processor time a request; `undefined` where the processes cannot be looked at. */
  readonly serverUs: number | undefined;
  readonly databaseUs: number | undefined;
}

/** What is written behind a load is waited for so long, and not longer: a flood of jumps takes the writer half a minute. */
const WRITTEN_MS = 3000;

/**
 * @param warmUpSeconds of load before the measured one: a side that waited for the others' turns begins cold, because the
 *   kernel has taken pages away and caches hold the others' code and rows
 */
export async function measureServePass(
  side: ServeSide,
  mode: LoadMode,
  connections: number,
  warmUpSeconds: number,
): Promise<ServePass> {
  if (warmUpSeconds > 0) await side.load(mode, connections, warmUpSeconds);
  const server = cpuSeconds(side.serverProcesses);
  const database = cpuSeconds(side.databaseProcesses);
  const result = await side.load(mode, connections);
  const usOf = (now: number | undefined, before: number | undefined): number | undefined =>
    now === undefined || before === undefined ? undefined : ((now - before) / result.requests) * 1e6;
  return {
    ...result,
    serverUs: usOf(cpuSeconds(side.serverProcesses), server),
    databaseUs: usOf(cpuSeconds(side.databaseProcesses), database),
  };
}

function cpuSeconds(processes: readonly number[] | undefined): number | undefined {
  return processes?.reduce((sum, processId) => sum + processCpuSeconds(processId), 0);
}

/**
 * @param databaseProcesses none for SQLite, which works in the server's threads
 * @param waits whether what is written behind a load is waited for before the next one
 */
export function dogearSide(
  name: ServeSideName,
  fleetServer: FleetServer,
  databaseProcesses: readonly number[] | undefined,
  waits: boolean,
): ServeSide {
  const { server } = fleetServer;
  return {
    name,
    serverProcesses: [server.processId],
    databaseProcesses,
    load: async (mode, connections, seconds) => {
      if (waits) await historyWritten(server.port, WRITTEN_MS);
      return fleetServer.load(mode, connections, seconds);
    },
    stop: () => fleetServer.close(),
  };
}

interface LoadOptions {
  readonly generator: LoadGenerator;
  readonly seconds: number;
}

export async function bareSide(
  sizes: Parameters<typeof startBareServer>[0],
  fleet: Fleet,
  { generator, seconds }: LoadOptions,
): Promise<ServeSide> {
  const server = await startBareServer(sizes);
  return {
    name: 'bare uWebSockets.js',
    serverProcesses: [server.processId],
    databaseProcesses: [],
    load: (mode, connections, loadSeconds = seconds) =>
      generator.run({ ...fleet, port: server.port, mode, connections, seconds: loadSeconds }),
    stop: () => server.stop(),
  };
}

export async function againstSide(
  { server, processes }: AgainstOptions,
  fleet: Parameters<typeof makeAgainstFleet>[1],
  { generator, seconds }: LoadOptions,
): Promise<ServeSide> {
  const files = await makeAgainstFleet(server, fleet);
  const known = processes.length === 0 ? undefined : processes;
  return {
    name: 'koreader-sync-server',
    serverProcesses: known,
    databaseProcesses: known === undefined ? undefined : [],
    load: (mode, connections, loadSeconds = seconds) =>
      generator.run({ ...server, ...files, mode, connections, seconds: loadSeconds }),
    stop: () => Promise.resolve(),
  };
}
