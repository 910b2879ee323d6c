import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchDatabase } from '../bench-databases.js';
import { cachedLibrary } from '../cached-library.js';
import { addLibrary, runScan, type ScanTimes } from '../program-run.js';
import type { SuiteContext } from '../suite.js';

const FULL_FILES = 1_000_000;
const QUICK_FILES = 2_000;
const MB = 1e6;
/** The smallest files are the same to the last byte, and no scan can tell which of those is which after a move. */
const TOLD_APART = 0.998;

const SCANS = ['first scan', 'unchanged library', 'moved library'] as const;
type ScanName = (typeof SCANS)[number];

const TARGET_OF = {
  'first scan': 'large-first-memory',
  'unchanged library': 'large-unchanged-memory',
  'moved library': 'large-moved-memory',
} as const;

/**
 * A library so large that what is kept for each file would be seen: peak memory and speed of the first scan, of one that
 * finds nothing new, and of one after the whole library was moved into another folder. The files are small, because only
 * their number matters.
 */
export async function largeSuite(context: SuiteContext): Promise<void> {
  const { findings, log, mysql, quick, sqlite, workFolder } = context;
  const files = quick ? QUICK_FILES : FULL_FILES;
  const library = cachedLibrary(context, files, 'small');
  const root = join(workFolder, 'large');
  mkdirSync(root);
  let place = library.folder;
  const moveTo = (folder: string): void => {
    renameSync(place, folder);
    place = folder;
  };
  const peaks: Record<ScanName, number[]> = {
    'first scan': [],
    'unchanged library': [],
    'moved library': [],
  };
  // On the disk of the cache, so that moving it there and back is one rename.
  moveTo(join(root, 'first'));
  try {
    const server = await mysql();
    const databases = [sqlite(), ...(server === undefined ? [] : [await server.createDatabase()])];
    for (const [number, database] of databases.entries()) {
      const name = database.kind === 'sqlite' ? 'SQLite' : 'MySQL/MariaDB';
      try {
        await addLibrary(context.checkout, workFolder, database.url, root);
        for (const scan of SCANS) {
          if (scan === 'moved library') moveTo(join(root, `moved ${number}`));
          const times = await checkedScan(context, database, scan, files);
          peaks[scan].push(times.maxRssBytes / MB);
          log(
            `  ${scan}, ${name}: ${Math.round(files / times.scanSeconds)} files/s, ${Math.round(times.maxRssBytes / MB)} MB`,
          );
          const figure = { suite: 'large', at: { axis: 'files', value: files } } as const;
          findings.series.push(
            { ...figure, name: `${scan}: ${name}`, unit: 'files/s', samples: [files / times.scanSeconds] },
            {
              ...figure,
              name: `peak memory, ${scan}: ${name}`,
              unit: 'MB',
              samples: [times.maxRssBytes / MB],
            },
          );
        }
      } finally {
        await database.drop();
      }
    }
  } finally {
    moveTo(library.folder);
  }
  // The library of a quick run is smaller than the targets'.
  if (quick) return;
  for (const scan of SCANS) findings.targets.push({ target: TARGET_OF[scan], samples: peaks[scan] });
}

async function checkedScan(
  { checkout, workFolder }: SuiteContext,
  { url }: BenchDatabase,
  scan: ScanName,
  files: number,
): Promise<ScanTimes> {
  const times = await runScan(checkout, workFolder, url);
  const expected = {
    'first scan': times.hashed,
    'unchanged library': times.unchanged,
    'moved library': times.moved,
  }[scan];
  const least = scan === 'moved library' ? files * TOLD_APART : files;
  if (times.files !== files || expected < least) {
    throw new Error(
      `${scan}: ${expected} of ${files} files were taken for what they are, and ${times.files} found`,
    );
  }
  return times;
}
