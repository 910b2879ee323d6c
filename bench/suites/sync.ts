import { loadGenerator } from '../load/load-generator.js';
import type { SuiteContext } from '../suite.js';
import { startFleet, type SyncBench, type SyncSizes } from '../sync/sync-bench.js';
import { measureAgainstLoops } from './sync-against-loops.js';
import { measureConnections } from './sync-connections.js';
import { measureHistory } from './sync-history.js';
import { measureRequestCpu } from './sync-request-cpu.js';
import { measureSqlite } from './sync-sqlite.js';

const FULL: SyncSizes = {
  fleet: { users: 100, documents: 1000, furtherBooks: 0, furtherProgress: 0 },
  rounds: 7,
  seconds: 3,
  sqliteRounds: 7,
  historyRounds: 7,
  cpuRounds: 3,
  connections: [1, 4, 16, 64, 256, 512],
  connectionRounds: 2,
};
const QUICK: SyncSizes = {
  fleet: { users: 10, documents: 100, furtherBooks: 0, furtherProgress: 0 },
  rounds: 1,
  seconds: 1,
  sqliteRounds: 1,
  historyRounds: 1,
  cpuRounds: 1,
  connections: [16],
  connectionRounds: 1,
};

/**
 * Pushes and pulls over the API-key routes of the built program, compared with plain loops of statements on the same
 * database server. Load generator, server and database share the machine.
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
    await measureHistory(bench, await mysql.createDatabase());
  }
  await measureSqlite(bench);
  await measureHistory(bench, context.sqlite());
}
