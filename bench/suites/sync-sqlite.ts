import { percentileMs } from '../load/load-result.js';
import type { SyncBench } from '../sync/sync-bench.js';

const CONNECTIONS = 64;

/** Pushes into SQLite with `synchronous=FULL`, and how long they block the event loop. */
export async function measureSqlite(bench: SyncBench): Promise<void> {
  const { context, sizes } = bench;
  const { findings, log } = context;
  log(`SQLite, ${CONNECTIONS} connections, ${sizes.sqliteRounds} rounds`);
  const fleet = await bench.startFleet(context.sqlite(), sizes.fleet);
  const rates: number[] = [];
  const longestBlocks: number[] = [];
  const p999Blocks: number[] = [];
  const p99s: number[] = [];
  const pullRates: number[] = [];
  try {
    await fleet.load('push', CONNECTIONS);
    for (let round = 0; round < sizes.sqliteRounds; round += 1) {
      fleet.server.reset('cpu and event loop');
      const push = await fleet.load('push', CONNECTIONS);
      const { longestBlockMs, blockP999Ms } = await fleet.server.read();
      rates.push(push.requests / push.seconds);
      p99s.push(percentileMs(push, 99));
      longestBlocks.push(longestBlockMs);
      p999Blocks.push(blockP999Ms);
      const pull = await fleet.load('pull', CONNECTIONS);
      pullRates.push(pull.requests / pull.seconds);
      log(
        `  ${Math.round(push.requests / push.seconds)} pushes/s, longest block ${longestBlockMs.toFixed(1)} ms`,
      );
    }
  } finally {
    await fleet.close();
  }
  findings.targets.push(
    { target: 'push-sqlite', samples: rates },
    { target: 'sqlite-loop-block', samples: longestBlocks },
  );
  const suite = 'sync';
  findings.series.push(
    { suite, name: 'SQLite, 64 connections: pushes', unit: 'requests/s', samples: rates },
    { suite, name: 'SQLite, 64 connections: pulls', unit: 'requests/s', samples: pullRates },
    { suite, name: 'SQLite, 64 connections: 99th percentile of a push', unit: 'ms', samples: p99s },
    {
      suite,
      name: 'SQLite, 64 connections: longest block of the event loop',
      unit: 'ms',
      samples: longestBlocks,
    },
    { suite, name: 'SQLite, 64 connections: 99.9th percentile of blocks', unit: 'ms', samples: p999Blocks },
  );
}
