import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, EntryBatchBuilder } from '../../../engine/index.js';
import { stepWalk } from '../../../engine/walk/walk-step.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { entriesOf, hashedBatches } from '../collected.js';
import { READS_HERE } from '../reads-here.js';

describe('a folder that is swapped for a link during a scan', () => {
  const engines = READS_HERE.map((reads) => ({ reads, engine: createEngine({ jobs: 1, reads }) }));
  let root = '';
  beforeEach(async () => {
    root = (await temporaryFolder()).path;
    for (const folder of ['library/a', 'library/b', 'elsewhere'])
      mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, 'library/a/a.epub'), 'a');
    writeFileSync(join(root, 'library/b/b.epub'), 'b');
    writeFileSync(join(root, 'elsewhere/b.epub'), 'of somebody else');
    writeFileSync(join(root, 'elsewhere/secret.epub'), 'of somebody else');
  });
  afterAll(() => Promise.all(engines.map(({ engine }) => engine.close())));

  function swap(folder: string): void {
    renameSync(join(root, 'library', folder), join(root, 'away'));
    symlinkSync('../elsewhere', join(root, 'library', folder));
  }

  it('is not listed: it fails as a folder, so that nothing in it counts as missing', () => {
    let questions = 0;
    const { batches } = stepWalk([''], {
      skipSystem: false,
      ignored: undefined,
      links: undefined,
      root: `${join(root, 'library')}/`,
      extensions: new Set(['epub']),
      shard: undefined,
      batchEntries: 512,
      maxEntries: 1000,
      maxMs: 60_000,
      // Asked between two visits: here after the root and `a` were listed.
      isCancelled: () => {
        questions += 1;
        if (questions === 2) swap('b');
        return false;
      },
    });
    expect(
      batches.flatMap(entriesOf).map(({ path, failure }) => [path, failure?.code, failure?.isFolder]),
    ).toEqual([
      ['a/a.epub', undefined, undefined],
      ['b', 'vanished', true],
    ]);
  });

  it.each(engines)('has no file read by $reads that the walk had found in it', async ({ engine }) => {
    swap('b');
    symlinkSync('../../elsewhere/b.epub', join(root, 'library/a/link.epub'));
    const builder = new EntryBatchBuilder();
    for (const path of ['a/a.epub', 'a/link.epub', 'b/b.epub']) builder.addFile(path, 1, 0n);
    const hashed = await hashedBatches(engine, join(root, 'library'), [builder.take()]);
    expect(
      [...hashed.values()].map(({ path, sizeBytes, failure }) => [path, sizeBytes, failure?.code]),
    ).toEqual([
      ['a/a.epub', 1, undefined],
      // Links to files are followed.
      ['a/link.epub', 16, undefined],
      ['b/b.epub', 1, 'vanished'],
    ]);
  });
});
