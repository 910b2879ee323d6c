import { alternate, fileRates, samplesOf, type Side } from '../alternation.js';
import type { BenchDatabase } from '../bench-databases.js';
import { cachedLibrary, type CachedLibrary } from '../cached-library.js';
import { measureOnce } from '../probes/engine-side.js';
import { addLibrary, runScan } from '../program-run.js';
import { pairedRatios } from '../statistics.js';
import type { SuiteContext } from '../suite.js';
import { measureWholeJob } from './scan-whole.js';

interface Sizes {
  readonly books: number;
  readonly rounds: number;
  /** Numbers of files; the files are small, because only their number matters here. */
  readonly smallLibraries: readonly number[];
  readonly smallRounds: number;
  readonly wholeRounds: number;
}

const FULL: Sizes = {
  books: 50_000,
  rounds: 7,
  smallLibraries: [2_000, 20_000, 200_000],
  smallRounds: 3,
  wholeRounds: 3,
};
const QUICK: Sizes = { books: 4_000, rounds: 1, smallLibraries: [2_000], smallRounds: 1, wholeRounds: 1 };
const MB = 1e6;

interface Pass {
  readonly files: number;
  readonly seconds: number;
  readonly maxRssBytes: number;
}

const ENGINE = 'engine alone';
const SQLITE = 'scan into SQLite';
const MYSQL = 'scan into MySQL/MariaDB';

/**
 * First scans by the built program, compared with the engine alone, which walks and hashes and discards the digests.
 * Each sample is a process of its own on both sides, and neither time includes loading the modules: that of a scan
 * starts when the database is open and its tables exist, that of the engine before the engine is made.
 */
export async function scanSuite(context: SuiteContext): Promise<void> {
  const { findings, quick } = context;
  const sizes = quick ? QUICK : FULL;
  const books = context.books ?? sizes.books;
  const library = cachedLibrary(context, books, 'books');
  context.log(`first scans of ${books} books, ${sizes.rounds} rounds`);
  const sides = await sidesOf(context, library);
  // Fills the page cache.
  if (!quick) await alternate(sides, 1);
  const passes = await alternate(sides, sizes.rounds, reporter(context, books));
  for (const { name } of sides) {
    findings.series.push({
      suite: 'scan',
      name: `first scan: ${name}`,
      unit: 'files/s',
      samples: fileRates(passes, name),
    });
    if (name === ENGINE) continue;
    findings.targets.push({
      target: name === SQLITE ? 'first-scan-sqlite' : 'first-scan-mysql',
      samples: pairedRatios(fileRates(passes, name), fileRates(passes, ENGINE)),
    });
  }
  await measureWholeJob(context, library, sizes.wholeRounds);
  await bySize(context, sizes);
}

async function bySize(context: SuiteContext, sizes: Sizes): Promise<void> {
  const { findings, log } = context;
  const largest = Math.max(...sizes.smallLibraries);
  for (const files of sizes.smallLibraries) {
    const library = cachedLibrary(context, files, 'small');
    log(`first scans of ${files} small files, ${sizes.smallRounds} rounds`);
    const sides = await sidesOf(context, library);
    const passes = await alternate(sides, sizes.smallRounds, reporter(context, files));
    const memory: number[] = [];
    for (const { name } of sides) {
      const peaks = samplesOf(passes, name).map(({ maxRssBytes }) => maxRssBytes / MB);
      const at = { axis: 'files', value: files } as const;
      findings.series.push(
        { suite: 'scan', name: `first scan: ${name}`, unit: 'files/s', samples: fileRates(passes, name), at },
        { suite: 'scan', name: `peak memory: ${name}`, unit: 'MB', samples: peaks, at },
      );
      if (name !== ENGINE) memory.push(...peaks);
    }
    // The libraries of a quick run are smaller than the target's.
    if (files === largest && !context.quick)
      findings.targets.push({ target: 'scan-memory', samples: memory });
  }
}

async function sidesOf(context: SuiteContext, library: CachedLibrary): Promise<Side<Pass>[]> {
  const { checkout, workFolder, sqlite, mysql } = context;
  const scanInto = async (database: BenchDatabase): Promise<Pass> => {
    try {
      await addLibrary(checkout, workFolder, database.url, library.folder);
      const { files, hashed, scanSeconds, maxRssBytes } = await runScan(checkout, workFolder, database.url);
      if (hashed !== files) throw new Error(`a first scan hashed ${hashed} of ${files} files`);
      return { files, seconds: scanSeconds, maxRssBytes };
    } finally {
      await database.drop();
    }
  };
  const engine = { library: library.folder, walksAhead: false };
  const server = await mysql();
  return [
    { name: ENGINE, measure: () => measureOnce(checkout, engine, 'walk-and-hash') },
    { name: SQLITE, measure: () => scanInto(sqlite()) },
    ...(server === undefined
      ? []
      : [{ name: MYSQL, measure: async () => scanInto(await server.createDatabase()) }]),
  ];
}

function reporter({ log }: SuiteContext, expected: number) {
  return (side: string, { files, seconds, maxRssBytes }: Pass): void => {
    if (files !== expected) throw new Error(`${side} found ${files} of ${expected} files`);
    log(`  ${side}: ${Math.round(files / seconds)} files/s, ${Math.round(maxRssBytes / MB)} MB`);
  };
}
