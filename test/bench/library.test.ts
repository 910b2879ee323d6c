import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type LibraryOptions, makeLibrary } from '../../bench/library.js';
import { createEngine, KOREADER_EXTENSIONS } from '../../engine/index.js';
import { type Hashed, hashedFolder } from '../engine/collected.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('the library maker', async () => {
  const { path: folder } = await temporaryFolder();
  const engine = createEngine({ jobs: 2 });
  afterAll(() => engine.close());

  async function made(name: string, options: Omit<LibraryOptions, 'folder'>): Promise<Map<string, Hashed>> {
    makeLibrary({ ...options, folder: join(folder, name) });
    return hashedFolder(engine, join(folder, name));
  }

  function digests(library: Map<string, Hashed>): [string, string, number][] {
    return [...library.values()].map(({ path, partialMd5, sizeBytes }) => [path, partialMd5, sizeBytes]);
  }

  it('makes the same books for the same seed, and others for another', async () => {
    const one = await made('one', { count: 60, seed: 7, mix: 'books' });
    const same = await made('same', { count: 60, seed: 7, mix: 'books' });
    const other = await made('other', { count: 60, seed: 8, mix: 'books' });
    expect(one.size).toBe(60);
    expect(digests(same)).toEqual(digests(one));
    expect(new Set(digests(one).map(([, digest]) => digest)).size).toBe(60);
    expect(digests(other).map(([, digest]) => digest)).not.toEqual(digests(one).map(([, digest]) => digest));
  });

  it('keeps to the sizes of its mix, in folders of authors and titles', async () => {
    for (const { path, sizeBytes } of (await made('books', { count: 200, seed: 1, mix: 'books' })).values()) {
      expect(path.split('/')).toHaveLength(3);
      expect(sizeBytes).toBeGreaterThanOrEqual(200_000);
      expect(sizeBytes).toBeLessThanOrEqual(240_000_000);
    }
    for (const { sizeBytes } of (await made('small', { count: 200, seed: 1, mix: 'small' })).values()) {
      expect(sizeBytes).toBeGreaterThanOrEqual(1);
      expect(sizeBytes).toBeLessThanOrEqual(4096);
    }
  });

  it('makes a library once, and anew when something else is asked for', () => {
    const options: LibraryOptions = { count: 12, seed: 1, mix: 'small', folder: join(folder, 'cached') };
    expect(makeLibrary(options)).toBe(true);
    const { ino } = statSync(options.folder);
    expect(makeLibrary(options)).toBe(false);
    expect(statSync(options.folder).ino).toBe(ino);
    expect(makeLibrary({ ...options, count: 13 })).toBe(true);
  });

  it('never touches a folder that it did not make', () => {
    const precious = join(folder, 'precious');
    mkdirSync(precious);
    writeFileSync(join(precious, 'a.epub'), 'mine');
    expect(() => makeLibrary({ count: 1, seed: 1, mix: 'small', folder: precious })).toThrow(
      /not made by this program/,
    );
  });

  it('runs as a program', async () => {
    const program = fileURLToPath(new URL('../../bench/library.js', import.meta.url));
    const target = join(folder, 'program');
    const run = (): string =>
      execFileSync(process.execPath, [program, '--count', '5', '--seed', '2', '--mix', 'small', target], {
        encoding: 'utf8',
      });
    expect(run()).toMatch(/^made 5 books/);
    expect(run()).toMatch(/^found 5 books/);
    const found: string[] = [];
    for await (const batch of engine.walk(target, { extensions: KOREADER_EXTENSIONS })) {
      for (let index = 0; index < batch.length; index += 1) found.push(batch.pathAt(index).toString());
    }
    expect(found).toHaveLength(5);
  });
});
