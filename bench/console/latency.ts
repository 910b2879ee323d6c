import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { ConsoleClient } from '../../test/server/console/console-client.js';
import { alternate, samplesOf } from '../alternation.js';
import type { BenchDatabase } from '../bench-databases.js';
import { SOCKETS } from '../load/load-generator.js';
import { LOAD_MODES, type LoadMode, percentileMs } from '../load/load-result.js';
import { median, pairedRatios } from '../statistics.js';
import { makeFleet } from '../sync/fleet.js';
import type { ConsoleArguments } from './console-arguments.js';
import { startConsoleServer } from './console-server.js';
import { OpenConsoles, type PoliteBrowser } from './open-consoles.js';

/** A household would have fewer; the lists of the console are long then. */
const FLEET = { users: 100, documents: 200, furtherBooks: 10_000, furtherProgress: 0 };
const CONNECTIONS = 64;
const NONE = 'none';
const OPEN = 'open';

export interface LatencyRow {
  readonly mode: LoadMode;
  /** 99th percentile, medians of the rounds. */
  readonly withoutMs: number;
  readonly withMs: number;
  /** Median of the ratios of the rounds. */
  readonly ratio: number;
  /** Requests a second while consoles were open. */
  readonly rate: number;
}

/** The 99th percentile of pushes and pulls without and with open consoles, in turn. */
export async function measureLatency(
  database: BenchDatabase,
  workFolder: string,
  { browser, stepBack }: PoliteBrowser,
  { seconds, rounds, consoles, rate }: ConsoleArguments,
  log: (line: string) => void,
): Promise<readonly LatencyRow[]> {
  const folder = mkdtempSync(join(workFolder, 'fleet-'));
  const fleet = await makeFleet(database.url, folder, FLEET);
  const { server, base, setUp } = await startConsoleServer(database.url, folder);
  try {
    const owner = await setUp();
    const viewers = [owner];
    while (viewers.length < consoles) {
      viewers.push(await ConsoleClient.signIn(base, { name: 'aaron', password: 'a password of his' }));
    }
    const rows: LatencyRow[] = [];
    for (const mode of LOAD_MODES) {
      const run = () =>
        SOCKETS.run({ ...fleet, port: server.port, mode, connections: CONNECTIONS, seconds, rate });
      const sides = [
        { name: NONE, measure: run },
        {
          name: OPEN,
          measure: async () => {
            const open = await OpenConsoles.open(browser, viewers);
            stepBack();
            try {
              return await run();
            } finally {
              await open.close();
            }
          },
        },
      ];
      await run(); // caches are warm then on both sides
      const samples = await alternate(sides, rounds, (side, sample) =>
        log(
          `${mode}, ${side}: p99 ${percentileMs(sample, 99).toFixed(2)} ms, ${String(sample.requests)} requests`,
        ),
      );
      const p99 = (side: string): number[] =>
        samplesOf(samples, side).map((sample) => percentileMs(sample, 99));
      rows.push({
        mode,
        withoutMs: median(p99(NONE)),
        withMs: median(p99(OPEN)),
        ratio: median(pairedRatios(p99(OPEN), p99(NONE))),
        rate: median(samplesOf(samples, OPEN).map((sample) => sample.requests / sample.seconds)),
      });
    }
    return rows;
  } finally {
    await server.stop();
    await database.drop();
  }
}
