import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine, type SkipCounts, type WalkOptions } from '../../../engine/index.js';
import { bookFolder } from '../../support/book-folder.js';
import { walked } from '../collected.js';

const SYSTEM_FOLDERS = [
  '#recycle',
  '$RECYCLE.BIN',
  '.AppleDouble',
  '.Recycle.Bin',
  '.Trash-1000',
  '.caltrash',
  '.git',
  '.recycle',
  '.rsync-partial',
  '.snapshots',
  '.stversions',
  '.sync',
  '.~tmp~',
  '@Recycle',
  '@eaDir',
  'System Volume Information',
  '__MACOSX',
  'lost+found',
];
const BOOKS = [
  '#1 book/a.epub',
  '@tmps/a.epub',
  'A/$recycle-bin/a.epub',
  'A/B.epub',
  'A/a~$.docx',
  '_A/a.epub',
  'lost+foundling/a.epub',
  'lost/a.epub',
];

describe('a walk among folders of trash and of programs', async () => {
  const folder = await bookFolder(
    Object.fromEntries(
      [
        ...BOOKS,
        ...SYSTEM_FOLDERS.map((name) => `${name}/B.epub`),
        'A/.caltrash/f/12/B.epub',
        'A/.caltrash/f/12/C.epub',
        'A/B.sdr/metadata.zip',
        'A/~$B.docx',
      ].map((path) => [path, path]),
    ),
  );
  const engine = createEngine({ jobs: 2 });
  afterAll(() => engine.close());

  async function found(options: Partial<WalkOptions>): Promise<[paths: string[], skipped: SkipCounts]> {
    const sum = { folders: 0, systemFiles: 0 };
    const entries = await walked(engine, folder.path, {
      ...options,
      onSkipped: ({ folders, systemFiles }) => {
        sum.folders += folders;
        sum.systemFiles += systemFiles;
      },
    });
    return [entries.map(({ path }) => path), sum];
  }

  it('leaves them and lock files out, and says how many folders', async () => {
    const skipped = { folders: SYSTEM_FOLDERS.length + 1, systemFiles: 0 };
    expect(await found({ skipSystem: true })).toEqual([BOOKS, skipped]);
  });

  it('finds them when it is not told to leave them out, and says how many files would go', async () => {
    const [paths, skipped] = await found({});
    expect(paths).toHaveLength(BOOKS.length + SYSTEM_FOLDERS.length + 3);
    expect(skipped).toEqual({ folders: 0, systemFiles: SYSTEM_FOLDERS.length + 3 });
  });

  it('counts each once where several walks share the folders', async () => {
    const parts = await Promise.all(
      [1, 2, 3].map((index) => found({ skipSystem: true, shard: { index, count: 3 } })),
    );
    expect(parts.flatMap(([paths]) => paths).toSorted()).toEqual(BOOKS);
    const sum = parts.reduce((total, [, { folders }]) => total + folders, 0);
    expect(sum).toBe(SYSTEM_FOLDERS.length + 1);
  });

  it('walks a root that lies in such a folder', async () => {
    const entries = await walked(engine, join(folder.path, 'A', '.caltrash'), { skipSystem: true });
    expect(entries.map(({ path }) => path)).toEqual(['f/12/B.epub', 'f/12/C.epub']);
  });
});
