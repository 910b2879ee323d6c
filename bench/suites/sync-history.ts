import { alternate, samplesOf } from '../alternation.js';
import type { BenchDatabase } from '../bench-databases.js';
import { type LoadResult, percentileMs } from '../load/load-result.js';
import { pairedRatios } from '../statistics.js';
import { historyMetric, historyWritten } from '../sync/history-metric.js';
import type { SyncBench } from '../sync/sync-bench.js';

const CONNECTIONS = 64;
const NAMES = { mysql: 'MySQL/MariaDB', sqlite: 'SQLite' } as const;
/**
 * `read`: readers who turn pages, of whose pushes every second one moves by half a point. `push`: the worst case, in which
 * nearly every push jumps to another place of the book and is an entry.
 */
const LOADS = { read: 'turning pages', push: 'jumping' } as const;

/** What the history of progress costs pushes: two servers on one database, one of which keeps none, in turn. */
export async function measureHistory(bench: SyncBench, database: BenchDatabase): Promise<void> {
  const { context, sizes } = bench;
  const { findings, log } = context;
  const name = NAMES[database.kind];
  log(`history of progress, ${name}, ${CONNECTIONS} connections, ${sizes.historyRounds} rounds`);
  const fleet = await bench.startFleet(database, sizes.fleet);
  try {
    const without = await fleet.beside(['sync.history=false']);
    try {
      for (const mode of ['read', 'push'] as const) {
        const sides = [
          { name: 'with', of: fleet },
          { name: 'without', of: without },
        ].map(({ name: side, of }) => ({
          name: side,
          measure: async () => {
            const result = await of.load(mode, CONNECTIONS);
            await historyWritten(of.server.port);
            return result;
          },
        }));
        for (const side of sides) await side.measure();
        const samples = await alternate(sides, sizes.historyRounds, (side, result) =>
          log(`  ${LOADS[mode]}, ${side}: ${Math.round(rateOf(result))} pushes/s`),
        );
        const [kept, none] = [samplesOf(samples, 'with'), samplesOf(samples, 'without')];
        const ratios = pairedRatios(kept.map(rateOf), none.map(rateOf));
        const suite = 'sync';
        findings.ratios.push({
          suite,
          name: `pushes with history over without, ${LOADS[mode]}, ${name}`,
          samples: ratios,
        });
        if (mode === 'read')
          findings.targets.push({ target: `push-history-${database.kind}`, samples: ratios });
        for (const [side, results] of [
          ['with', kept],
          ['without', none],
        ] as const) {
          findings.series.push({
            suite,
            name: `${name}, ${LOADS[mode]}: 99th percentile of a push ${side} history`,
            unit: 'ms',
            samples: results.map((result) => percentileMs(result, 99)),
          });
        }
      }
      findings.facts[`entries of the history, ${name}`] = await historyMetric(
        fleet.server.port,
        'entries_total\\{what="kept"\\}',
      );
      findings.facts[`entries that were lost, ${name}`] = await historyMetric(
        fleet.server.port,
        'entries_total\\{what="lost"\\}',
      );
    } finally {
      await without.close();
    }
  } finally {
    await fleet.close();
  }
}

function rateOf({ requests, seconds }: LoadResult): number {
  return requests / seconds;
}
