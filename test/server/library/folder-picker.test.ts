import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { chmod, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createEngine } from '../../../engine/index.js';
import { SharedCount } from '../../../server/domain/shared-count.js';
import { FolderPicker } from '../../../server/library/folder-picker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { withoutPrivileges } from '../../engine/without-privileges.js';

describe('the folders of a server', () => {
  let root: string;
  beforeEach(async () => {
    root = await realpath((await temporaryFolder()).path);
    for (const folder of ['books/b', 'books/a/inner', 'other', 'books-too']) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    writeFileSync(join(root, 'books/file.epub'), 'x');
  });

  const names = (listing: { readonly folders: readonly { readonly name: string }[] }): readonly string[] =>
    listing.folders.map(({ name }) => name);

  it('are listed by name, without files, and with the way up', async () => {
    const listing = await new FolderPicker([], new SharedCount()).list(join(root, 'books'));
    expect(listing).toEqual({
      path: join(root, 'books'),
      parent: root,
      folders: [
        { name: 'a', path: join(root, 'books/a') },
        { name: 'b', path: join(root, 'books/b') },
      ],
      unreadable: undefined,
      links: 0,
      isCut: false,
    });
    expect(await new FolderPicker([], new SharedCount()).list('/')).toMatchObject({
      path: '/',
      parent: undefined,
    });
    expect(await new FolderPicker([], new SharedCount()).list(undefined)).toMatchObject({ path: '/' });
  });

  it('do not show links to folders, as scans do not follow them; a link on the way is resolved', async () => {
    symlinkSync(join(root, 'books'), join(root, 'link'));
    const picker = new FolderPicker([], new SharedCount());
    const listing = await picker.list(root);
    expect([names(listing), listing.links]).toEqual([['books', 'books-too', 'other'], 1]);
    expect(await picker.list(join(root, 'link'))).toMatchObject({ path: join(root, 'books'), parent: root });
  });

  it('show a name that is not UTF-8, which cannot be chosen', async () => {
    mkdirSync(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9])]));
    const { folders } = await new FolderPicker([], new SharedCount()).list(root);
    expect(folders).toContainEqual({ name: String.raw`caf\xe9`, path: undefined });
  });

  it('say so when a folder is missing, is a file, or may not be read', async () => {
    const picker = new FolderPicker([], new SharedCount());
    await expect(picker.list(join(root, 'nothing'))).rejects.toMatchObject({ code: 'root-missing' });
    await expect(picker.list(join(root, 'books/file.epub'))).rejects.toMatchObject({
      code: 'root-not-a-folder',
    });
    const engine = createEngine({ jobs: 1 });
    await withoutPrivileges(engine, async (path) => {
      mkdirSync(join(path, 'locked/inner'), { recursive: true });
      await chmod(join(path, 'locked'), 0o000);
      expect(await picker.list(join(path, 'locked'))).toMatchObject({
        folders: [],
        unreadable: 'The folder cannot be read: the server may not read it.',
      });
      expect(names(await picker.list(path))).toEqual(['locked']);
    });
    await engine.close();
  });

  it('are cut where there are too many', async () => {
    for (let i = 0; i < 2001; i++) mkdirSync(join(root, 'books', String(i)));
    const listing = await new FolderPicker([], new SharedCount()).list(join(root, 'books'));
    expect([listing.folders.length, listing.isCut]).toEqual([2000, true]);
  });

  it('are read a few at a time, because each look may hang', async () => {
    const picker = new FolderPicker([], new SharedCount());
    const looks = [picker.list(root), picker.list(root)];
    await expect(picker.list(root)).rejects.toMatchObject({ code: 'storage-slow' });
    await Promise.all(looks);
    await expect(picker.list(root)).resolves.toMatchObject({ path: root });
  });

  describe('of which only some are shown,', () => {
    it('begin at the only root, and go no further up', async () => {
      const picker = new FolderPicker([join(root, 'books')], new SharedCount());
      expect(await picker.list(undefined)).toMatchObject({ path: join(root, 'books'), parent: undefined });
      expect(await picker.list(join(root, 'books/a'))).toMatchObject({ parent: join(root, 'books') });
    });

    it('begin with a list of several roots', async () => {
      const roots = [join(root, 'books'), join(root, 'other')];
      expect(await new FolderPicker(roots, new SharedCount()).list(undefined)).toMatchObject({
        path: undefined,
        parent: undefined,
        folders: roots.map((path) => ({ name: path, path })),
      });
    });

    it.each([
      ['above it', ''],
      ['beside it', 'other'],
      ['whose name begins alike', 'books-too'],
      ['by way of ..', 'books/../other'],
      ['by a link', 'books/out'],
      ['behind a link', 'books/out/inner'],
      ['that do not exist', 'nothing'],
    ])('are not shown outside of the root: %s', async (_name, path) => {
      mkdirSync(join(root, 'other/inner'));
      symlinkSync(join(root, 'other'), join(root, 'books/out'));
      const picker = new FolderPicker([join(root, 'books')], new SharedCount());
      await expect(picker.list(`${root}/${path}`)).rejects.toMatchObject({ code: 'forbidden' });
    });

    it('may begin at a root that is a link', async () => {
      symlinkSync(join(root, 'books'), join(root, 'link'));
      const picker = new FolderPicker([join(root, 'link')], new SharedCount());
      expect(await picker.list(undefined)).toMatchObject({ path: join(root, 'books'), parent: undefined });
    });
  });
});
