import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { descriptorFolderAtTop } from '../../../engine/system/descriptor-folder.js';
import { type Libc, loadLibc } from '../../../engine/system/libc.js';
import type { OpenFolder } from '../../../engine/system/open-folder.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const ENTRY_LENGTH = 16;
const ENTRY_TYPE = 18;
const loaded = loadLibc();

describe.skipIf(loaded.state !== 'ready')('a file system that does not report what its entries are', () => {
  let libc: Libc;
  /** What the look at each entry returns instead of its state. */
  let refusal: number | undefined;
  let folder: OpenFolder;
  const buffers = new Map<number, ArrayBuffer>();

  beforeEach(async () => {
    if (loaded.state !== 'ready') return;
    const real = loaded.libc;
    libc ??= {
      ...real,
      addressOf: (buffer) => {
        const address = real.addressOf(buffer);
        buffers.set(address, buffer);
        return address;
      },
      readEntries: (descriptor, address, bytes) => {
        const read = real.readEntries(descriptor, address, bytes);
        const entries = Buffer.from(buffers.get(address) ?? new ArrayBuffer(0));
        for (let at = 0; at < read; at += entries.readUInt16LE(at + ENTRY_LENGTH))
          entries[at + ENTRY_TYPE] = 0;
        return read;
      },
      statxAt: (...call) => refusal ?? real.statxAt(...call),
    };
    refusal = undefined;
    const { path } = await temporaryFolder();
    mkdirSync(join(path, 'sub'));
    writeFileSync(join(path, 'book.epub'), '');
    folder = descriptorFolderAtTop(libc);
    for (const name of path.slice(1).split('/')) {
      const above = folder;
      folder = above.openFolder(name, true);
      above.close();
    }
  });
  afterEach(() => folder.close());

  function folders(): Map<string, boolean> {
    const found = new Map<string, boolean>();
    folder.eachEntry((name, isFolder) => found.set(name, isFolder));
    return found;
  }

  it('has its folders all the same', () => {
    expect(folders()).toEqual(
      new Map([
        ['sub', true],
        ['book.epub', false],
      ]),
    );
  });

  it.each([
    ['ENOENT', -2],
    ['ENOTDIR', -20],
  ])('has no folder where an entry has vanished meanwhile (%s)', (_code, result) => {
    refusal = result;
    expect([...folders().values()]).toEqual([false, false]);
  });

  it.each([
    ['EIO', -5],
    ['EACCES', -13],
    ['EPERM', -1],
  ])(
    'fails as a whole where an entry cannot be looked at (%s), so that no book counts as missing',
    (code, result) => {
      refusal = result;
      expect(folders).toThrowError(expect.objectContaining({ code }) as Error);
    },
  );
});
