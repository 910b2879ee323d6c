import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type Engine, type EntryBatch, EntryBatchBuilder } from '../../../engine/index.js';
import { createEngineWith } from '../../../engine/pool/engine.js';
import { hashPaths } from '../../../server/scan/hash-paths.js';
import { bookFolder } from '../../support/book-folder.js';
import { withoutPrivileges } from '../../engine/without-privileges.js';

const BATCHES = 2000;

describe('hashing a folder with a file that hangs', () => {
  let engine: Engine;
  let pulled = 0;
  beforeEach(() => {
    const real = createEngineWith(
      { jobs: 2 },
      new URL('../../engine/pool/hanging-worker.js', import.meta.url),
    );
    pulled = 0;
    async function* walk(): AsyncGenerator<EntryBatch> {
      const builder = new EntryBatchBuilder();
      for (; pulled < BATCHES; pulled++) {
        builder.addFile(pulled === 0 ? 'hang.epub' : 'one.epub', 3, 1n);
        yield await Promise.resolve(builder.take());
      }
    }
    engine = Object.assign(Object.create(real) as Engine, { ...real, walk });
  });
  afterEach(() => engine.close());

  it('holds a bounded number of those behind it, and gives all in order', async () => {
    const folder = await bookFolder({ 'hang.epub': 'one', 'one.epub': 'one' });
    const names: string[] = [];
    let pulledAtFirst = 0;
    for await (const { path } of hashPaths(engine, [folder.path], {})) {
      if (names.length === 0) pulledAtFirst = pulled;
      names.push(path.toString().slice(folder.path.length + 1));
    }
    expect(names).toHaveLength(BATCHES);
    expect(names.indexOf('hang.epub')).toBe(0);
    expect(pulledAtFirst).toBeGreaterThan(200);
    expect(pulledAtFirst).toBeLessThan(300);
  });

  it('ends when its reader leaves while it waits', async () => {
    const folder = await bookFolder({ 'hang.epub': 'one', 'one.epub': 'one' });
    let count = 0;
    for await (const { outcome } of hashPaths(engine, [folder.path], {})) {
      expect(outcome.state).toBe('hashed');
      count += 1;
      break;
    }
    expect(count).toBe(1);
    expect(engine.status()).toMatchObject({ tasksInFlight: 0, batchesInFlight: 0 });
  });
});

describe('hashing what is reached by a link to a folder', () => {
  it('follows the links on the way to an argument, but none below it', async () => {
    const folder = await bookFolder({ 'real/one.epub': 'one', 'real/sub/two.epub': 'two' });
    symlinkSync('real', join(folder.path, 'link'));
    symlinkSync('sub', join(folder.path, 'real/inner'));
    const engine = createEngine({ jobs: 1 });
    try {
      const hashed: [string, string][] = [];
      const paths = ['link', 'link/one.epub', 'link/inner/two.epub', 'link/none/two.epub', 'link/sub/'];
      for await (const { path, outcome } of hashPaths(
        engine,
        paths.map((path) => join(folder.path, path)),
        { foldersAreFailures: false },
      )) {
        hashed.push([
          path.toString().slice(folder.path.length + 1),
          outcome.state === 'hashed' ? outcome.partialMd5.toString('hex').slice(0, 4) : outcome.code,
        ]);
      }
      expect(hashed).toEqual([
        ['link/one.epub', 'f97c'],
        ['link/sub/two.epub', 'b8a9'],
        ['link/one.epub', 'f97c'],
        ['link/inner/two.epub', 'b8a9'],
        ['link/none/two.epub', 'vanished'],
        ['link/sub/two.epub', 'b8a9'],
      ]);
    } finally {
      await engine.close();
    }
  });
});

describe('hashing a folder that cannot be read as a whole', () => {
  let engine: Engine;
  beforeEach(() => {
    engine = createEngine({ jobs: 1 });
  });
  afterEach(() => engine.close());

  async function outcomesOf(by: Engine, paths: readonly string[]): Promise<unknown[]> {
    const found = [];
    for await (const { path, outcome } of hashPaths(by, paths, {})) {
      const { state } = outcome;
      found.push([path.toString(), state === 'hashed' ? state : `${outcome.code}: ${outcome.message}`]);
    }
    return found;
  }

  it('is a failure of that folder, and what follows it is hashed', async () => {
    await withoutPrivileges(engine, async (root) => {
      const [locked, open] = [join(root, 'locked'), join(root, 'open')];
      mkdirSync(locked, { mode: 0o000 });
      mkdirSync(open);
      writeFileSync(join(open, 'one.epub'), 'one');
      expect(await outcomesOf(engine, [locked, open])).toEqual([
        [locked, 'root-unreadable: the folder cannot be read (EACCES)'],
        [join(open, 'one.epub'), 'hashed'],
      ]);
    });
  });

  it('is a failure that names the link that took its place', async () => {
    const books = await bookFolder({ 'here/one.epub': 'one', 'there/two.epub': 'two', 'three.epub': '3' });
    const here = join(books.path, 'here');
    const walk: Engine['walk'] = (root, options) => {
      renameSync(here, join(books.path, 'away'));
      symlinkSync('there', here);
      return engine.walk(root, options);
    };
    const swapping: Engine = Object.assign(Object.create(engine) as Engine, { ...engine, walk });
    const after = join(books.path, 'three.epub');
    expect(await outcomesOf(swapping, [here, after])).toEqual([
      [here, `root-is-link: ${here} is a symbolic link to there`],
      [after, 'hashed'],
    ]);
  });
});
