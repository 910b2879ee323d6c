import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KOREADER_EXTENSIONS } from '../../../engine/index.js';
import { FolderChain } from '../../../engine/system/folder-chain.js';
import { listFolder } from '../../../engine/walk/folder-listing.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('the listing of a folder', async () => {
  const { path } = await temporaryFolder();
  const folder = `${path}/`;
  for (const name of [
    'b.epub',
    'B.EPUB',
    'a-1.pdf',
    'a.fb2.zip',
    '\xff.epub',
    'caf\xc3\xa9.epub',
    'cover.jpg',
    'zip',
  ]) {
    writeFileSync(Buffer.from(folder + name, 'latin1'), '');
  }
  for (const name of ['a', 'a.epub', '\xe9', 'b.sdr']) mkdirSync(Buffer.from(folder + name, 'latin1'));
  symlinkSync('a', join(path, 'c'));
  symlinkSync('nowhere', join(path, 'c.epub'));

  const expected = [
    'B.EPUB',
    'a-1.pdf',
    'a.epub/',
    'a.fb2.zip',
    'a/',
    'b.epub',
    'c.epub',
    'caf\xc3\xa9.epub',
    '\xe9/',
    '\xff.epub',
  ];

  it.each(['native', 'descriptor-paths', 'paths'] as const)(
    'holds books and folders in the order of the walk (%s)',
    (calls) => {
      const chain = new FolderChain(folder, true, { calls });
      try {
        expect(
          listFolder(chain.enter(''), '', {
            extensions: KOREADER_EXTENSIONS,
            skipSystem: false,
            ignored: undefined,
            links: undefined,
          }).names,
        ).toEqual(expected);
      } finally {
        chain.close();
      }
    },
  );
});
