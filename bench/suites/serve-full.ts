import { alternate, samplesOf, type Side } from '../alternation.js';
import type { LoadGenerator } from '../load/load-generator.js';
import { LOAD_MODES, type LoadMode, type LoadResult } from '../load/load-result.js';
import { pairedRatios } from '../statistics.js';
import type { SuiteContext } from '../suite.js';
import type { FleetSize } from '../sync/fleet.js';
import { type FleetServer, startFleet } from '../sync/sync-bench.js';

export interface FullSizes {
  readonly fleet: FleetSize;
  /** Added to the fleet for the full database. */
  readonly further: Pick<FleetSize, 'furtherBooks' | 'furtherProgress'>;
  readonly rounds: number;
  readonly seconds: number;
  /** Of load before each measured one, as in the other passes of the suite. */
  readonly warmUpSeconds: number;
}

const CONNECTIONS = 256;
/** Large enough for the full database. With the default of 128 MiB the rows that readers ask for come from disk. */
const POOL_BYTES = 2 ** 30;
const WITH_POOL = ', pool of 1 GiB';

/** Pushes and pulls with a million books and positions more than readers ask for, against a small database. */
export async function measureFullDatabase(
  context: SuiteContext,
  sizes: FullSizes,
  generator: LoadGenerator,
): Promise<void> {
  const { findings, log } = context;
  const mysql = await context.mysql();
  if (mysql === undefined) return;
  const start = async (size: FleetSize): Promise<FleetServer> =>
    startFleet(context, generator, sizes.seconds, await mysql.createDatabase(), size);
  const { furtherBooks, furtherProgress } = sizes.further;
  log(`full database: ${furtherBooks} more books, ${furtherProgress} more positions`);
  const full = await start({ ...sizes.fleet, ...sizes.further });
  try {
    const empty = await start(sizes.fleet);
    try {
      // The pool of the server's default, then one that holds everything.
      await measureInTurn(context, sizes, { full, empty }, '');
      if (context.quick) return;
      const measured = await mysql.withBufferPool(POOL_BYTES, async () => {
        log('the same with a buffer pool of 1 GiB');
        await measureInTurn(context, sizes, { full, empty }, WITH_POOL);
        return true;
      });
      if (measured === undefined) {
        findings.notes.push(
          'The full database with a buffer pool of 1 GiB was not measured: the account may not set innodb_buffer_pool_size.',
        );
      }
    } finally {
      await empty.close();
    }
  } finally {
    await full.close();
  }
}

async function measureInTurn(
  { findings, log, quick }: SuiteContext,
  { rounds, warmUpSeconds }: FullSizes,
  servers: Readonly<Record<'full' | 'empty', FleetServer>>,
  suffix: string,
): Promise<void> {
  const sides: Side<LoadResult>[] = LOAD_MODES.flatMap((mode) =>
    (['empty', 'full'] as const).map((database) => ({
      name: figureOf(mode, database, suffix),
      measure: async () => {
        if (warmUpSeconds > 0) await servers[database].load(mode, CONNECTIONS, warmUpSeconds);
        return servers[database].load(mode, CONNECTIONS);
      },
    })),
  );
  // Warms up the compilers and the buffer pool.
  if (!quick) await alternate(sides, 1);
  const passes = await alternate(sides, rounds, (side, { requests, seconds }) =>
    log(`  ${side}: ${Math.round(requests / seconds)}/s`),
  );
  const rates = (name: string): number[] =>
    samplesOf(passes, name).map(({ requests, seconds }) => requests / seconds);
  for (const { name } of sides) {
    findings.series.push({ suite: 'serve', name, unit: 'requests/s', samples: rates(name) });
  }
  for (const mode of LOAD_MODES) {
    const samples = pairedRatios(
      rates(figureOf(mode, 'full', suffix)),
      rates(figureOf(mode, 'empty', suffix)),
    );
    if (suffix === '') findings.targets.push({ target: `${mode}-256-full`, samples });
    else
      findings.ratios.push({
        suite: 'serve',
        name: `${mode} with a full database over an empty one${suffix}`,
        samples,
      });
  }
}

function figureOf(mode: LoadMode, database: 'full' | 'empty', suffix: string): string {
  return `${mode === 'push' ? 'pushes' : 'pulls'}, ${CONNECTIONS} connections, ${database} database${suffix}`;
}
