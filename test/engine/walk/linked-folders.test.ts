import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createEngine } from '../../../engine/index.js';
import { type BookFolder, bookFolder, md5 } from '../../support/book-folder.js';
import { hashedBatches, walked } from '../collected.js';
import { READS_HERE } from '../reads-here.js';

describe.each(READS_HERE)('a walk that follows links to folders, with %s', (reads) => {
  const engine = createEngine({ jobs: 2, reads });
  afterAll(() => engine.close());
  let top: BookFolder;
  let root = '';
  beforeEach(async () => {
    top = await bookFolder({
      'library/a/one.epub': 'one',
      'away/two.epub': 'two',
      'away/deep/three.epub': '3',
    });
    root = join(top.path, 'library');
  });

  const link = (target: string, name: string): void => symlinkSync(target, join(top.path, name));
  async function found(): Promise<readonly string[]> {
    const entries = await walked(engine, root, { followLinks: true });
    return entries.map(({ path, failure }) => (failure === undefined ? path : `${path} ${failure.code}`));
  }

  it('finds, hashes and looks up what lies outside of the root, in the order of the names', async () => {
    link('../away', 'library/b');
    link('../../away/deep', 'library/a/z.epub');
    const paths = ['a/one.epub', 'a/z.epub/three.epub', 'b/deep/three.epub', 'b/two.epub'];
    expect(await found()).toEqual(paths);
    const hashed = await hashedBatches(
      engine,
      root,
      engine.walk(root, { extensions: new Set(['epub']), followLinks: true }),
      { followLinks: true },
    );
    expect([...hashed.values()].map(({ partialMd5 }) => partialMd5)).toEqual(
      ['one', '3', '3', 'two'].map(md5),
    );
    const asked = ['b/two.epub', 'b/none.epub'].map((path) => Buffer.from(path));
    expect(await engine.whichAreGone(root, asked, { followLinks: true })).toEqual([false, true]);
    expect(await engine.whichAreGone(root, asked)).toEqual([true, true]);
  });

  it('visits no folder twice on a path: links to the root, into it, above it, to themselves and around', async () => {
    for (const [target, name] of [
      ['.', 'library/self'],
      ['a', 'library/b'],
      ['..', 'library/a/up'],
      ['../..', 'library/above'],
      ['../away', 'library/c'],
      ['.', 'away/here'],
      ['..', 'away/deep/up'],
      ['../library', 'away/back'],
      ['../far', 'away/d'],
      ['../away', 'far/e'],
    ] as const) {
      mkdirSync(join(top.path, 'far'), { recursive: true });
      link(target, name);
    }
    top.write('far/four.epub', 'four');
    expect(await found()).toEqual(['a/one.epub', 'c/d/four.epub', 'c/deep/three.epub', 'c/two.epub']);
  });

  it('ends where many folders link to each other', async () => {
    for (let from = 0; from < 6; from += 1) {
      top.write(`web/${String(from)}/book.epub`, 'a');
      for (let to = 0; to < 6; to += 1)
        if (to !== from) link(`../${String(to)}`, `web/${String(from)}/${String(to)}`);
    }
    link('../web/0', 'library/web');
    const depths = (await found()).map((path) => path.split('/').length);
    expect(Math.max(...depths)).toBe(5);
  });

  it('reports a link that leads nowhere now as a folder that cannot be read', async () => {
    link('../away', 'library/b');
    renameSync(join(top.path, 'away'), join(top.path, 'unmounted'));
    expect(await found()).toEqual(['a/one.epub', 'b vanished']);
  });
});
