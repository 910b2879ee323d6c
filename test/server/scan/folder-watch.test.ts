import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NEW_FILE_RULES } from '../../../server/library/library.js';
import { FolderWatch, watchProblem } from '../../../server/scan/folder-watch.js';
import { type BookFolder, bookFolder } from '../../support/book-folder.js';

describe('the watch of a folder', () => {
  let folder: BookFolder;
  let watch: FolderWatch | undefined;
  let touched: string[] = [];
  const problems: string[] = [];
  beforeEach(async () => {
    folder = await bookFolder({ 'a/one.epub': 'one', 'a/one.sdr/metadata.epub.lua': '', '.git/x.epub': 'x' });
  });
  afterEach(() => watch?.close());

  function begin(mostFolders = 100): void {
    touched = [];
    watch = new FolderWatch({
      library: { root: Buffer.from(folder.path), extensions: undefined, fileRules: NEW_FILE_RULES },
      mostFolders,
      onTouched: (path) => touched.push(path),
      onProblem: (text) => problems.push(text),
    });
  }

  /** Events come in the order of the changes: before this one, all others have come. */
  async function touchedAfter(change: () => void): Promise<ReadonlySet<string>> {
    touched = [];
    change();
    folder.write('end.epub', String(Math.random()));
    await vi.waitFor(() => expect(touched).toContain('end.epub'), { timeout: 10_000 });
    return new Set(touched.filter((path) => path !== 'end.epub'));
  }

  it('tells of books that appear, change, move and go, in folders old and new', async () => {
    begin();
    expect(watch?.folders).toBe(2);
    expect(await touchedAfter(() => folder.write('a/two.epub', 'two'))).toEqual(new Set(['a/two.epub']));
    expect(await touchedAfter(() => folder.write('a/two.epub', 'two, changed'))).toEqual(
      new Set(['a/two.epub']),
    );
    expect(await touchedAfter(() => folder.write('b/c/three.epub', 'three'))).toContain('b/');
    expect(watch?.folders).toBe(4);
    expect(await touchedAfter(() => folder.move('a/two.epub', 'b/c/two.epub'))).toEqual(
      new Set(['a/two.epub', 'b/c/two.epub']),
    );
    expect(await touchedAfter(() => folder.move('b', 'a/b'))).toEqual(new Set(['b/', 'a/b/']));
    expect(await touchedAfter(() => folder.write('a/b/c/four.epub', '4'))).toEqual(
      new Set(['a/b/c/four.epub']),
    );
    expect(await touchedAfter(() => folder.remove('a/b'))).toContain('a/b/');
    expect(watch?.folders).toBe(2);
  });

  it('says nothing of what no scan looks at: sidecar folders, folders of trash, and files that are no books', async () => {
    begin();
    const changes = (): void => {
      folder.write('a/one.sdr/metadata.epub.lua', 'read on');
      folder.write('.caltrash/one.epub', 'old');
      folder.write('.git/x.epub', 'y');
      folder.write('a/cover.jpg', 'a picture');
      folder.write('a/new.sdr/x.epub', 'x');
    };
    expect(await touchedAfter(changes)).toEqual(new Set());
  });

  it('watches so many folders and no more, which it says once', async () => {
    for (const name of ['b', 'c', 'd']) folder.write(`${name}/x.epub`, name);
    begin(3);
    expect(watch?.folders).toBe(3);
    expect(problems).toEqual(['only its first 3 folders are watched']);
    expect(await touchedAfter(() => folder.write('e.epub', 'e'))).toEqual(new Set(['e.epub']));
  });

  it('says which limit of the system was reached, and how to raise it', () => {
    const limit = Object.assign(new Error('System limit for number of file watchers reached'), {
      code: 'ENOSPC',
    });
    expect(watchProblem(limit, 8000)).toMatch(
      /^only its first 8000 folders are watched: .*sysctl fs\.inotify\.max_user_watches=/,
    );
    expect(watchProblem(new Error('EIO: i/o error'), 1)).toBe('EIO: i/o error');
  });
});
