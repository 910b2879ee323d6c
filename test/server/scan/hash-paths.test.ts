import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type Engine, type EntryBatch, EntryBatchBuilder } from '../../../engine/index.js';
import { createEngineWith } from '../../../engine/pool/engine.js';
import { hashPaths } from '../../../server/scan/hash-paths.js';
import { bookFolder } from '../../support/book-folder.js';

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
