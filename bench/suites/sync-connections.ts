import type { MysqlServer } from '../bench-databases.js';
import type { SyncBench } from '../sync/sync-bench.js';

/** Throughput by number of connections, for the plot. */
export async function measureConnections(bench: SyncBench, mysql: MysqlServer): Promise<void> {
  const { context, sizes } = bench;
  context.log('by number of connections');
  const fleet = await bench.startFleet(await mysql.createDatabase(), sizes.fleet);
  try {
    await fleet.load('push', 64);
    for (const connections of sizes.connections) {
      for (const mode of ['push', 'pull'] as const) {
        const samples: number[] = [];
        for (let round = 0; round < sizes.connectionRounds; round += 1) {
          const { requests, seconds } = await fleet.load(mode, connections);
          samples.push(requests / seconds);
        }
        context.log(`  ${mode}, ${connections} connections: ${Math.round(Math.max(...samples))}/s`);
        context.findings.series.push({
          suite: 'sync',
          name: `requests over MySQL/MariaDB: ${mode}`,
          unit: 'requests/s',
          samples,
          at: { axis: 'connections', value: connections },
        });
      }
    }
  } finally {
    await fleet.close();
  }
}
