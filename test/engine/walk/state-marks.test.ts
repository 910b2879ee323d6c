import { chmodSync, copyFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { descriptorFolderAtTop } from '../../../engine/system/descriptor-folder.js';
import { loadLibc } from '../../../engine/system/libc.js';
import type { OpenFolder } from '../../../engine/system/open-folder.js';
import { pathFolderAtTop } from '../../../engine/system/path-folder.js';
import { isStableType } from '../../../engine/system/stable-inodes.js';
import { stateMark } from '../../../engine/system/state-mark.js';
import { bookFolder } from '../../support/book-folder.js';

const loaded = loadLibc();

function markThrough(top: OpenFolder, path: string): number {
  const names = path.slice(1).split('/');
  const file = names.pop() ?? '';
  let folder = top;
  for (const name of names) {
    const above = folder;
    folder = above.openFolder(name, false);
    above.close();
  }
  try {
    return folder.stateOf(file).mark;
  } finally {
    folder.close();
  }
}

describe('the mark of a file', () => {
  it('stays while nothing changes, and differs after every change that size and time do not show', async () => {
    const { path } = await bookFolder({ 'one.epub': 'one' });
    const one = join(path, 'one.epub');
    const mark = (): number => markThrough(pathFolderAtTop(true), one);
    const first = mark();
    expect(mark()).toBe(first);
    chmodSync(one, 0o600);
    const chmodded = mark();
    const { atime, mtime } = statSync(one);
    copyFileSync(one, `${one}.new`);
    utimesSync(`${one}.new`, atime, mtime);
    renameSync(`${one}.new`, one);
    expect(new Set([first, chmodded, mark()]).size).toBe(3);
  });

  it.skipIf(loaded.state !== 'ready')('is the same by either kind of system call', async () => {
    if (loaded.state !== 'ready') return;
    const { path } = await bookFolder({ 'one.epub': 'one' });
    const one = join(path, 'one.epub');
    expect(markThrough(descriptorFolderAtTop(loaded.libc), one)).toBe(
      markThrough(pathFolderAtTop(true), one),
    );
  });

  // Databases hold such numbers.
  it('is a number that never changes for the same values', () => {
    expect(stateMark(1, 0, 1_700_000_000, 5)).toBe(3_118_194_517_808_126);
    expect(Number.isSafeInteger(stateMark(0xffffffff, 0xffffffff, 0xffffffff, 999_999_999))).toBe(true);
  });
});

it('inodes count on file systems that keep them, and not where they are made up', () => {
  const [ext4, xfs, btrfs, overlay, nfs] = [0xef53, 0x58465342, 0x9123683e, 0x794c7630, 0x6969];
  expect([ext4, xfs, btrfs, overlay, nfs].map(isStableType)).toEqual([true, true, true, true, true]);
  const [fat, exfat, fuse, cifs, smb2] = [0x4d44, 0x2011bab0, 0x65735546, 0xff534d42, 0xfe534d42];
  expect([fat, exfat, fuse, cifs, smb2].map(isStableType)).toEqual([false, false, false, false, false]);
  expect(isStableType(0x9123683e | 0)).toBe(true);
});
