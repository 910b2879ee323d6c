import { alternate, fileRates, samplesOf, type Side } from '../alternation.js';
import type { BenchDatabase } from '../bench-databases.js';
import { cachedLibrary, type CachedLibrary } from '../cached-library.js';
import { isInstalled, runChild } from '../child-process.js';
import { EngineSide } from '../probes/engine-side.js';
import { addLibrary, runScan } from '../program-run.js';
import { pairedRatios } from '../statistics.js';
import type { SuiteContext } from '../suite.js';

interface Sizes {
  readonly libraries: readonly number[];
  readonly rounds: number;
}

const FULL: Sizes = { libraries: [2_000, 20_000, 200_000], rounds: 7 };
const QUICK: Sizes = { libraries: [2_000], rounds: 2 };

interface Pass {
  readonly files: number;
  readonly seconds: number;
  /** With the start and end of the process. The same as `seconds` where no process is started. */
  readonly processSeconds: number;
}

const FIND = 'find';
const WALK = 'engine walk';
const SQLITE = 'unchanged library, SQLite';
const MYSQL = 'unchanged library, MySQL/MariaDB';

/**
 * A scan of a library in which nothing changed, database included, compared with `find` that prints size and time of
 * the same files. `find` is the lower bound: every file must be looked at to know that none changed.
 */
export async function walkSuite(context: SuiteContext): Promise<void> {
  if (!(await isInstalled('find'))) {
    context.findings.notes.push('Suite walk: not measured, there is no find program.');
    return;
  }
  const sizes = context.quick ? QUICK : FULL;
  for (const files of sizes.libraries) await measureSize(context, sizes, files);
}

async function measureSize(context: SuiteContext, sizes: Sizes, count: number): Promise<void> {
  const { checkout, findings, log, quick, sqlite, mysql, workFolder } = context;
  const library = cachedLibrary(context, count, 'small');
  log(`unchanged library of ${count} files, ${sizes.rounds} rounds`);
  const server = await mysql();
  const databases = [sqlite(), ...(server === undefined ? [] : [await server.createDatabase()])];
  const engine = await EngineSide.start(checkout, { library: library.folder, walksAhead: false });
  try {
    for (const { url } of databases) {
      await addLibrary(checkout, workFolder, url, library.folder);
      await runScan(checkout, workFolder, url);
    }
    const sides: Side<Pass>[] = [
      { name: FIND, measure: () => runFind(library) },
      { name: WALK, measure: async () => withoutProcess(await engine.run('walk')) },
      ...databases.map((database) => ({
        name: database.kind === 'sqlite' ? SQLITE : MYSQL,
        measure: () => checkUnchanged(context, database),
      })),
    ];
    // Fills the page cache. In a quick run the scans above have done so.
    if (!quick) await alternate(sides, 1);
    const passes = await alternate(sides, sizes.rounds, (side, { files, seconds }) => {
      if (files !== count) throw new Error(`${side} saw ${files} of ${count} files`);
      log(`  ${side}: ${Math.round(files / seconds)} files/s`);
    });
    const isHeadline = count === Math.max(...sizes.libraries);
    for (const { name } of sides) {
      findings.series.push({
        suite: 'walk',
        name: `checking: ${name}`,
        unit: 'files/s',
        samples: fileRates(passes, name),
        at: { axis: 'files', value: count },
      });
      if (isHeadline && name !== FIND) headline(context, passes, name);
    }
  } finally {
    await engine.close();
    for (const database of databases) await database.drop();
  }
}

function headline({ findings }: SuiteContext, passes: ReadonlyMap<string, Pass[]>, side: string): void {
  const samples = pairedRatios(fileRates(passes, side), fileRates(passes, FIND));
  if (side === WALK) {
    findings.ratios.push({ suite: 'walk', name: 'engine walk over find', samples });
    return;
  }
  findings.targets.push({ target: side === SQLITE ? 'unchanged-sqlite' : 'unchanged-mysql', samples });
  const whole = samplesOf(passes, side).map(({ files, processSeconds }) => files / processSeconds);
  findings.ratios.push({
    suite: 'walk',
    name: `${side}, start and end of the program included, over find`,
    samples: pairedRatios(whole, fileRates(passes, FIND)),
  });
}

/** The output is discarded, because reading it would cost time. The files were counted when the library was listed. */
async function runFind(library: CachedLibrary): Promise<Pass> {
  const args = [library.folder, '-type', 'f', '-printf', '%s %T@\n'];
  const { seconds } = await runChild('find', args, { stdout: 'discard' });
  return { files: library.paths.length, seconds, processSeconds: seconds };
}

async function checkUnchanged(
  { checkout, workFolder }: SuiteContext,
  database: BenchDatabase,
): Promise<Pass> {
  const { files, unchanged, scanSeconds, processSeconds } = await runScan(checkout, workFolder, database.url);
  if (unchanged !== files) throw new Error(`${files - unchanged} of ${files} files were taken for changed`);
  return { files, seconds: scanSeconds, processSeconds };
}

function withoutProcess({ files, seconds }: { readonly files: number; readonly seconds: number }): Pass {
  return { files, seconds, processSeconds: seconds };
}
