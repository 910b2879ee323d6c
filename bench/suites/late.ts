import { join } from 'node:path';
import { errorMessage } from '../../server/domain/error-text.js';
import { alternate, fileRates, type Side } from '../alternation.js';
import { cachedLibrary } from '../cached-library.js';
import { runChild } from '../child-process.js';
import { addLibrary, runScan } from '../program-run.js';
import { pairedRatios } from '../statistics.js';
import type { SuiteContext } from '../suite.js';
import { lateFileSystem, type LateStorage, mountLate } from '../yardstick/late-storage.js';

/** As a file server in the house, and as one in the next room. */
const LATE_MICROSECONDS = [2000, 100] as const;

interface Sizes {
  readonly books: number;
  readonly rounds: number;
}

const FULL: Sizes = { books: 3000, rounds: 3 };
const QUICK: Sizes = { books: 300, rounds: 1 };

interface Pass {
  readonly files: number;
  readonly seconds: number;
}

const FIND = 'find';
const FIRST = 'first scan';
const UNCHANGED = 'unchanged library';

/**
 * Scans of a library on storage that answers late, compared with `find` that prints size and time of the same files, one
 * after the other. The time of a scan is the one that the program reports.
 */
export async function lateSuite(context: SuiteContext): Promise<void> {
  const sizes = context.quick ? QUICK : FULL;
  let executable: string;
  try {
    executable = await lateFileSystem(context.cacheFolder);
  } catch (error) {
    context.findings.notes.push(
      "not measured. It needs a C compiler, pkg-config and libfuse's headers (Debian: gcc pkg-config " +
        `libfuse3-dev fuse3): ${errorMessage(error).slice(0, 300)}`,
    );
    return;
  }
  const library = cachedLibrary(context, sizes.books, 'small');
  for (const microseconds of LATE_MICROSECONDS) {
    const mountPoint = join(context.workFolder, `late-${microseconds}`);
    const storage = await mountLate(executable, { library: library.folder, mountPoint, microseconds });
    try {
      await measureStorage(context, sizes, storage, microseconds);
    } finally {
      await storage.unmount();
    }
  }
}

async function measureStorage(
  { checkout, workFolder, sqlite, findings, log }: SuiteContext,
  { books, rounds }: Sizes,
  { folder }: LateStorage,
  microseconds: number,
): Promise<void> {
  const at = `${microseconds / 1000} ms late`;
  log(`library of ${books} books on storage ${at}, ${rounds} rounds`);
  const known = sqlite();
  const scanInto = async (url: string): Promise<Pass> => {
    const { files, scanSeconds } = await runScan(checkout, workFolder, url);
    return { files, seconds: scanSeconds };
  };
  try {
    await addLibrary(checkout, workFolder, known.url, folder);
    await scanInto(known.url);
    const sides: Side<Pass>[] = [
      { name: FIND, measure: () => runFind(folder, books) },
      { name: UNCHANGED, measure: () => scanInto(known.url) },
      {
        name: FIRST,
        measure: async () => {
          const empty = sqlite();
          try {
            await addLibrary(checkout, workFolder, empty.url, folder);
            return await scanInto(empty.url);
          } finally {
            await empty.drop();
          }
        },
      },
    ];
    const passes = await alternate(sides, rounds, (side, { files, seconds }) => {
      if (files !== books) throw new Error(`${side} found ${files} of ${books} files`);
      log(`  ${side}: ${seconds.toFixed(2)} s`);
    });
    const ratios = (side: string): number[] => pairedRatios(fileRates(passes, side), fileRates(passes, FIND));
    for (const { name } of sides) {
      findings.series.push({
        suite: 'late',
        name: `${at}: ${name}`,
        unit: 'files/s',
        samples: fileRates(passes, name),
      });
    }
    if (microseconds === LATE_MICROSECONDS[0]) {
      findings.targets.push(
        { target: 'late-unchanged', samples: ratios(UNCHANGED) },
        { target: 'late-first', samples: ratios(FIRST) },
      );
    } else {
      for (const side of [UNCHANGED, FIRST]) {
        findings.ratios.push({ suite: 'late', name: `${at}: ${side} over find`, samples: ratios(side) });
      }
    }
  } finally {
    await known.drop();
  }
}

async function runFind(folder: string, books: number): Promise<Pass> {
  const args = [folder, '-type', 'f', '-printf', '%s %T@\n'];
  const { seconds } = await runChild('find', args, { stdout: 'discard' });
  return { files: books, seconds };
}
