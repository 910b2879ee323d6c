import { linkSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { alternate, fileRates, type Side } from '../alternation.js';
import type { CachedLibrary } from '../cached-library.js';
import { runChild } from '../child-process.js';
import { coldCache } from '../cold-cache.js';
import { addLibrary, runScan } from '../program-run.js';
import { pairedRatios } from '../statistics.js';
import type { SuiteContext } from '../suite.js';
import type { TargetId } from '../targets.js';
import { hashYardstick } from '../yardstick/hash-yardstick.js';

interface Pass {
  readonly files: number;
  readonly seconds: number;
}

const LIST_AND_HASH = 'find, then the yardstick';
const SCAN = 'first scan into SQLite';
const THREADS = [1, 2] as const;
const LAYOUTS = ['calibre', 'flat'] as const;

/** A warm cache is what targets are judged by. */
const TARGET_OF: Readonly<
  Record<(typeof LAYOUTS)[number], Readonly<Record<(typeof THREADS)[number], TargetId>>>
> = {
  calibre: { 1: 'whole-calibre-1', 2: 'whole-calibre-2' },
  flat: { 1: 'whole-flat-1', 2: 'whole-flat-2' },
};

/**
 * The whole job of a new library, compared with what somebody would do without Dogear: list the files with `find`, then hash
 * the list. Dogear also keeps a catalogue. In the layout of calibre, a folder a book, and with all books in one folder.
 */
export async function measureWholeJob(
  context: SuiteContext,
  library: CachedLibrary,
  rounds: number,
): Promise<void> {
  const folders = { calibre: library.folder, flat: flatLibrary(context, library) };
  const cache = context.cold ? coldCache() : undefined;
  for (const layout of LAYOUTS) {
    for (const threads of THREADS) {
      const sides = await sidesOf(context, folders[layout], library.paths.length, threads);
      const figure = `the whole job, ${layout} layout, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
      await alternate(sides, 1);
      const warm = await ratiosOf(context, `${figure}, warm`, sides, rounds);
      context.findings.targets.push({ target: TARGET_OF[layout][threads], samples: warm });
      if (cache?.state !== 'available') continue;
      const coldSides = sides.map((side) => ({
        name: side.name,
        measure: async () => {
          await cache.drop();
          return side.measure();
        },
      }));
      const cold = await ratiosOf(context, `${figure}, cold`, coldSides, rounds);
      context.findings.ratios.push({ suite: 'scan', name: `${figure}, cold, over find`, samples: cold });
    }
  }
}

async function ratiosOf(
  { findings, log }: SuiteContext,
  figure: string,
  sides: readonly Side<Pass>[],
  rounds: number,
): Promise<number[]> {
  log(`${figure}, ${rounds} rounds`);
  const passes = await alternate(sides, rounds, (side, { files, seconds }) =>
    log(`  ${side}: ${Math.round(files / seconds)} files/s`),
  );
  for (const { name } of sides) {
    findings.series.push({
      suite: 'scan',
      name: `${figure}: ${name}`,
      unit: 'files/s',
      samples: fileRates(passes, name),
    });
  }
  return pairedRatios(fileRates(passes, SCAN), fileRates(passes, LIST_AND_HASH));
}

async function sidesOf(
  { checkout, cacheFolder, workFolder, sqlite }: SuiteContext,
  folder: string,
  files: number,
  threads: number,
): Promise<Side<Pass>[]> {
  const yardstick = await hashYardstick(cacheFolder);
  const list = join(workFolder, 'found.list');
  const checked = (found: number): void => {
    if (found !== files) throw new Error(`${found} of ${files} files were hashed`);
  };
  return [
    {
      name: LIST_AND_HASH,
      measure: async () => {
        // The marker of a made library is no book.
        const found = await runChild('sh', [
          '-c',
          'find "$1" -mindepth 1 -type f ! -name dogear-library.json -print0 > "$2"',
          'sh',
          folder,
          list,
        ]);
        const hashed = await yardstick.run(list, threads);
        checked(hashed.files);
        return { files, seconds: found.seconds + hashed.seconds };
      },
    },
    {
      name: SCAN,
      measure: async () => {
        const database = sqlite();
        try {
          await addLibrary(checkout, workFolder, database.url, folder);
          const { hashed, scanSeconds } = await runScan(checkout, workFolder, database.url, threads);
          checked(hashed);
          return { files, seconds: scanSeconds };
        } finally {
          await database.drop();
        }
      },
    },
  ];
}

/** The same books in one folder: hard links. */
function flatLibrary({ workFolder }: SuiteContext, { folder, paths }: CachedLibrary): string {
  const flat = join(workFolder, 'flat');
  mkdirSync(flat);
  for (const [at, path] of paths.entries()) {
    linkSync(join(folder, path.toString()), join(flat, `${at} ${basename(path.toString())}`));
  }
  return flat;
}
