import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine, type WalkOptions } from '../../../engine/index.js';
import { createEngineWith } from '../../../engine/pool/engine.js';
import { LateFolders } from '../../../engine/system/late-folders.js';
import { releaseRing } from '../../../engine/system/io-ring.js';
import { loadLibc } from '../../../engine/system/libc.js';
import { stepWalkInWaves } from '../../../engine/walk/walk-wave.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { entriesOf, walked } from '../collected.js';
import { READS_HERE } from '../reads-here.js';

const loaded = loadLibc();

describe.skipIf(!READS_HERE.includes('io-uring') || loaded.state !== 'ready')('a walk in waves', () => {
  let root = '';
  let elsewhere = '';
  let engines: { readonly steps: Engine; readonly waves: Engine };

  beforeAll(async () => {
    root = (await temporaryFolder()).path;
    elsewhere = (await temporaryFolder()).path;
    engines = {
      steps: createEngine({ jobs: 1 }),
      waves: createEngineWith({ jobs: 2 }, new URL('waves-worker.js', import.meta.url)),
    };
    const write = (path: string): void => writeFileSync(join(root, path), path);
    // More folders than a wave has, each with one below it, and more files than a wave examines.
    for (let author = 0; author < 70; author += 1) {
      for (let book = 0; book <= author % 3; book += 1) {
        mkdirSync(join(root, `Author ${author}`, `Book ${book}`, 'Book.sdr'), { recursive: true });
        write(`Author ${author}/Book ${book}/Book.epub`);
        write(`Author ${author}/Book ${book}/cover.jpg`);
      }
    }
    mkdirSync(join(root, 'Flat/.hidden'), { recursive: true });
    for (let file = 0; file < 600; file += 1) write(`Flat/${file}.pdf`);
    for (const path of ['Flat/.hidden/b.epub', 'Flat/~$c.epub', `Flat/${'long '.repeat(50)}.pdf`])
      write(path);
    execFileSync('mkfifo', [join(root, 'Flat/pipe.epub')]);
    symlinkSync('0.pdf', join(root, 'Flat/link.pdf'));
    symlinkSync('nowhere', join(root, 'Flat/nowhere.pdf'));
    symlinkSync('loop.pdf', join(root, 'Flat/loop.pdf'));
    symlinkSync('../Author 1', join(root, 'Flat/inside.pdf'));
    mkdirSync(join(elsewhere, 'Linked'));
    writeFileSync(join(elsewhere, 'Linked/d.epub'), 'd');
    symlinkSync(elsewhere, join(root, 'Outside'));
  });
  afterAll(async () => {
    await engines.steps.close();
    await engines.waves.close();
  });

  it.each<Partial<WalkOptions>>([
    {},
    { skipSystem: true },
    { followLinks: true },
    { ignore: ['Author 1*', '*0.pdf'] },
    { shard: { index: 2, count: 3 } },
    { within: ['Author 3/', 'Flat/1.pdf', 'Flat/2.pdf', 'Nobody/'].map((place) => Buffer.from(place)) },
  ])('finds what a walk in steps finds, and counts what it leaves out: %j', async (options) => {
    const sums = { steps: [0, 0], waves: [0, 0] };
    const walk = (side: 'steps' | 'waves') =>
      walked(engines[side], root, {
        ...options,
        onSkipped: ({ folders, systemFiles }) => {
          sums[side] = [(sums[side][0] ?? 0) + folders, (sums[side][1] ?? 0) + systemFiles];
        },
      });
    const inSteps = await walk('steps');
    expect(inSteps.length).toBeGreaterThan(2);
    expect(await walk('waves')).toEqual(inSteps);
    expect(sums.waves).toEqual(sums.steps);
  });

  it('reports a folder that was swapped for a link, and looks at nothing in it', () => {
    if (loaded.state !== 'ready') return;
    const late = new LateFolders(loaded.libc);
    const open = readdirSync('/proc/self/fd').length;
    try {
      renameSync(join(root, 'Author 2'), join(elsewhere, 'Author 2'));
      symlinkSync(join(elsewhere, 'Author 2'), join(root, 'Author 2'));
      const { parts } = stepWalkInWaves(['Author 2/', 'Author 2/Book 1/Book.epub', 'Author 3/'], late, {
        root: `${root}/`,
        extensions: new Set(['epub']),
        skipSystem: false,
        ignored: undefined,
        links: undefined,
        shard: undefined,
        batchEntries: 512,
        maxEntries: 1000,
        maxMs: 60_000,
        isCancelled: () => false,
      });
      const found = parts.flatMap(({ batches }) => batches.flatMap(entriesOf));
      expect(found.map(({ path, failure }) => [path, failure?.code, failure?.isFolder])).toEqual([
        ['Author 2', 'vanished', true],
        ['Author 2/Book 1/Book.epub', 'vanished', false],
        ['Author 3/Book 0/Book.epub', undefined, undefined],
      ]);
      expect(readdirSync('/proc/self/fd')).toHaveLength(open);
    } finally {
      releaseRing(loaded.libc, late.handles);
    }
  });

  it('reads folders by itself where the system has no thread left', () => {
    if (loaded.state !== 'ready' || loaded.libc.entryThreads === undefined) return;
    const entryThreads = { ...loaded.libc.entryThreads, start: () => false };
    const late = new LateFolders({ ...loaded.libc, entryThreads });
    try {
      const [folder] = late.open(`${root}/`, [{ path: 'Author 3/', isListed: true }]);
      const names: string[] = [];
      folder?.eachEntry((name) => names.push(name));
      folder?.close();
      expect(names).toEqual(['Book 0']);
    } finally {
      releaseRing(loaded.libc, late.handles);
    }
  });
});
