import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine, shardOfFolder } from '../../../engine/index.js';
import { shardOfLatin1Folder } from '../../../engine/walk/shard.js';
import { walked } from '../collected.js';
import { withoutPrivileges } from '../without-privileges.js';

describe('the shard of a folder', () => {
  it('never changes between versions', () => {
    // Computed by another program, written from the description: 32-bit FNV-1a and the finalizer of MurmurHash3.
    const pinned: [string, number[]][] = [
      ['', [2, 3, 5, 924]],
      ['a', [2, 1, 1, 716]],
      ['Author 1/Title 17 (2017)', [1, 3, 6, 429]],
      ['José/Ensaio', [1, 1, 6, 403]],
      ['Author 2/Title 12 (2012)', [2, 2, 7, 498]],
    ];
    for (const [folder, shards] of pinned) {
      expect([2, 3, 7, 1000].map((count) => shardOfFolder(Buffer.from(folder), count))).toEqual(shards);
    }
    expect(shardOfFolder(Buffer.from('anything'), 1)).toBe(1);
  });

  it('is the same for a path as bytes and as a latin1 string', () => {
    for (const folder of ['', 'a/b', 'é\xff', 'x'.repeat(300)]) {
      expect(shardOfLatin1Folder(folder, 97)).toBe(shardOfFolder(Buffer.from(folder, 'latin1'), 97));
    }
  });

  it('spreads similar names evenly', () => {
    const counts = [0, 0, 0, 0, 0];
    for (let title = 0; title < 10_000; title += 1) {
      const shard = shardOfFolder(Buffer.from(`Author ${Math.floor(title / 6)}/Title ${title}`), 4);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    expect(counts[0]).toBe(0);
    for (const count of counts.slice(1)) expect(Math.abs(count - 2500)).toBeLessThan(250);
  });
});

describe('a walk of one shard', () => {
  const engine = createEngine({ jobs: 2 });
  afterAll(() => engine.close());

  it('throws RangeError for a shard that does not exist', async () => {
    for (const [index, count] of [
      [0, 3],
      [4, 3],
      [1.5, 3],
      [1, 0],
    ] as const) {
      await expect(walked(engine, tmpdir(), { shard: { index, count } })).rejects.toBeInstanceOf(RangeError);
    }
  });

  it('yields the files in its folders, every file in exactly one shard, and folder failures in all shards', async () => {
    await withoutPrivileges(engine, async (root) => {
      for (let folder = 0; folder < 60; folder += 1) {
        const path = join(root, `author ${folder % 7}`, `title ${folder}`);
        mkdirSync(path, { recursive: true });
        for (const name of ['a.epub', 'b.pdf']) writeFileSync(join(path, name), '');
      }
      writeFileSync(join(root, 'top.epub'), '');
      mkdirSync(join(root, 'locked'), 0o000);
      const all = (await walked(engine, root)).filter(({ failure }) => !failure);
      expect(all).toHaveLength(121);
      const found: string[] = [];
      for (const index of [1, 2, 3]) {
        const shard = await walked(engine, root, { shard: { index, count: 3 } });
        const files = shard.filter(({ failure }) => !failure);
        expect(files.length).toBeGreaterThan(20);
        for (const { path } of files) {
          const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
          expect(shardOfFolder(Buffer.from(folder), 3)).toBe(index);
        }
        found.push(...files.map(({ path }) => path));
        expect(shard.filter(({ failure }) => failure).map(({ path }) => path)).toEqual(['locked']);
      }
      expect(found.toSorted()).toEqual(all.map(({ path }) => path).toSorted());
    });
  });
});
