import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, EngineError } from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { hashedFolder, walked } from '../collected.js';
import { withoutPrivileges } from '../without-privileges.js';

const EMPTY_MD5 = 'd41d8cd98f00b204e9800998ecf8427e';

describe('a walk', () => {
  const engine = createEngine({ jobs: 2 });
  let root = '';
  beforeEach(async () => {
    root = (await temporaryFolder()).path;
  });
  afterEach(() => {
    // Node's rmSync cannot remove paths that are longer than the system accepts.
    execFileSync('rm', ['-rf', root]);
  });
  afterAll(() => engine.close());

  /** Path, and size or failure code, of each entry that was found. */
  async function found(folder = root): Promise<string[]> {
    return (await walked(engine, folder)).map(({ path, sizeBytes, failure }) =>
      failure ? `${path} ${failure.code}${failure.isFolder ? ' folder' : ''}` : `${path} ${sizeBytes}`,
    );
  }

  it('reports the size of regular files in bytes and their time in nanoseconds', async () => {
    writeFileSync(join(root, 'a.epub'), 'abc');
    execFileSync('touch', ['-d', '2021-03-04 05:06:07.123456789 UTC', join(root, 'a.epub')]);
    mkdirSync(join(root, 'sub'));
    writeFileSync(join(root, 'sub', 'b.CBZ'), '');
    const { mtimeNs } = statSync(join(root, 'sub', 'b.CBZ'), { bigint: true });
    expect(await walked(engine, root)).toEqual([
      { path: 'a.epub', sizeBytes: 3, modifiedNs: 1_614_834_367_123_456_789n, failure: undefined },
      { path: 'sub/b.CBZ', sizeBytes: 0, modifiedNs: mtimeNs, failure: undefined },
    ]);
  });

  it('finds nothing in an empty root', async () => {
    expect(await found()).toEqual([]);
  });

  it('accepts any name: not UTF-8, with spaces or newlines, of 255 bytes', async () => {
    const names = [
      '\xff\xfe.epub',
      'a b.epub',
      'a\nb.epub',
      `${'\xc3\xa9'.repeat(125)}.epub`,
      'caf\xc3\xa9.pdf',
    ];
    for (const name of names) writeFileSync(Buffer.from(`${root}/${name}`, 'latin1'), name, 'latin1');
    const hashed = await hashedFolder(engine, Buffer.from(root));
    expect([...hashed.keys()].toSorted()).toEqual(names.toSorted());
    for (const entry of hashed.values()) expect(entry.failure).toBeUndefined();
  });

  it('accepts a root whose name is not UTF-8', async () => {
    const folder = Buffer.from(`${root}/\xe9\xff/`, 'latin1');
    mkdirSync(folder);
    writeFileSync(Buffer.concat([folder, Buffer.from('a.epub')]), 'a');
    expect(
      [...(await hashedFolder(engine, folder)).values()].map(({ path, failure }) => [path, failure]),
    ).toEqual([['a.epub', undefined]]);
  });

  it('follows links to files, but not links to folders', async () => {
    mkdirSync(join(root, 'real'));
    writeFileSync(join(root, 'real', 'a.epub'), 'four');
    symlinkSync('real/a.epub', join(root, 'link.epub'));
    symlinkSync('real', join(root, 'folder'));
    symlinkSync('real', join(root, 'folder.epub'));
    symlinkSync('..', join(root, 'real', 'up'));
    expect(await found()).toEqual(['link.epub 4', 'real/a.epub 4']);
  });

  it('reports links that lead nowhere and links that form a loop', async () => {
    symlinkSync('nothing.epub', join(root, 'dangling.epub'));
    symlinkSync('two.epub', join(root, 'one.epub'));
    symlinkSync('one.epub', join(root, 'two.epub'));
    expect(await found()).toEqual(['dangling.epub vanished', 'one.epub link-loop', 'two.epub link-loop']);
  });

  it('reports pipes, sockets and devices that are named like a book, and does not open them', async () => {
    execFileSync('mkfifo', [join(root, 'pipe.epub')]);
    const server = createServer().listen(join(root, 'socket.epub'));
    await new Promise((resolve) => server.once('listening', resolve));
    symlinkSync('/dev/null', join(root, 'device.epub'));
    const hashed = await hashedFolder(engine, root);
    await new Promise((resolve) => server.close(resolve));
    const codes = [...hashed].map(([path, { failure, partialMd5 }]) => [path, failure?.code, partialMd5]);
    expect(codes).toEqual(
      ['device.epub', 'pipe.epub', 'socket.epub'].map((path) => [path, 'not-regular', '0'.repeat(32)]),
    );
  });

  it('finds every hard link of a file, empty files, and sparse files of many gigabytes', async () => {
    writeFileSync(join(root, 'empty.epub'), '');
    linkSync(join(root, 'empty.epub'), join(root, 'also empty.epub'));
    writeFileSync(join(root, 'huge.pdf'), '');
    truncateSync(join(root, 'huge.pdf'), 40 * 2 ** 30);
    const hashed = await hashedFolder(engine, root);
    expect([...hashed].map(([path, { sizeBytes, failure }]) => [path, sizeBytes, failure])).toEqual([
      ['also empty.epub', 0, undefined],
      ['empty.epub', 0, undefined],
      ['huge.pdf', 40 * 2 ** 30, undefined],
    ]);
    expect(hashed.get('also empty.epub')?.partialMd5).toBe(EMPTY_MD5);
    // The MD5 of twelve windows of zeros, computed by md5sum.
    expect(hashed.get('huge.pdf')?.partialMd5).toBe('4072783b8efb99a9e5817067d68f61c6');
  });

  it('reports a folder that cannot be listed at its place in the order, and continues', async () => {
    const hashed = await withoutPrivileges(engine, async (folder) => {
      mkdirSync(join(folder, 'b', 'locked'), { recursive: true });
      writeFileSync(join(folder, 'b', 'locked', 'in.epub'), '');
      for (const name of ['locked.epub', 'locked0.epub', 'secret.epub'])
        writeFileSync(join(folder, 'b', name), 'x');
      chmodSync(join(folder, 'b', 'locked'), 0o000);
      chmodSync(join(folder, 'b', 'secret.epub'), 0o000);
      return hashedFolder(engine, folder);
    });
    expect([...hashed.values()].map(({ path, failure }) => [path, failure?.code, failure?.isFolder])).toEqual(
      [
        ['b/locked.epub', undefined, undefined],
        ['b/locked', 'unreadable', true],
        ['b/locked0.epub', undefined, undefined],
        ['b/secret.epub', 'unreadable', false],
      ],
    );
  });

  it('reports the files of a folder that may be listed but not entered', async () => {
    const codes = await withoutPrivileges(engine, async (folder) => {
      mkdirSync(join(folder, 'a', 'deeper'), { recursive: true });
      writeFileSync(join(folder, 'a', 'b.epub'), '');
      chmodSync(join(folder, 'a'), 0o444);
      return found(folder);
    });
    expect(codes).toEqual(['a/b.epub unreadable', 'a/deeper unreadable folder']);
  });

  it('skips KOReader’s sidecar folders and the attribute files of macOS', async () => {
    mkdirSync(join(root, 'Book.sdr'));
    writeFileSync(join(root, 'Book.sdr', 'inside.epub'), '');
    writeFileSync(join(root, '._Book.epub'), '');
    writeFileSync(join(root, '.epub'), '');
    writeFileSync(join(root, 'cover.jpg'), '');
    writeFileSync(join(root, 'Book.epub'), '');
    expect(await found()).toEqual(['Book.epub 0']);
  });

  it('descends as far as the length of paths allows, and reports what is deeper', async () => {
    // 41 levels of 100 bytes. The last one exceeds the 4,096 bytes that the system accepts.
    execFileSync(
      'bash',
      ['-c', 'for i in $(seq 41); do mkdir "$1"; cd -P "$1"; : > a.epub; done', '-', 'd'.repeat(99)],
      {
        cwd: root,
      },
    );
    const entries = await found();
    const last = entries.at(-1) ?? '';
    const books = entries.filter((entry) => entry.endsWith('/a.epub 0'));
    expect(books.length).toBeGreaterThan(37);
    expect(entries).toHaveLength(books.length + 1);
    expect(last).toMatch(/^(d{99}\/)+d{99} path-too-long folder$|a\.epub path-too-long$/);
  });

  it('descends hundreds of levels', async () => {
    execFileSync('bash', ['-c', 'for i in $(seq 400); do mkdir d; cd -P d; done; : > a.epub'], {
      cwd: root,
    });
    expect(await found()).toEqual([`${'d/'.repeat(400)}a.epub 0`]);
  });

  it('throws for a root that is missing, is not a folder, or cannot be read', async () => {
    await expect(walked(engine, join(root, 'missing'))).rejects.toMatchObject({ code: 'root-missing' });
    writeFileSync(join(root, 'file'), '');
    await expect(walked(engine, join(root, 'file'))).rejects.toMatchObject({ code: 'root-not-a-folder' });
    const walk = withoutPrivileges(engine, async (folder) => {
      mkdirSync(join(folder, 'locked'), 0o000);
      return walked(engine, join(folder, 'locked'));
    });
    await expect(walk).rejects.toMatchObject({ code: 'root-unreadable' });
    await expect(walk).rejects.toBeInstanceOf(EngineError);
  });

  it('throws for a root that is reached by a link, and says which link that is', async () => {
    mkdirSync(join(root, 'books', 'sub'), { recursive: true });
    symlinkSync('books', join(root, 'link'));
    for (const folder of ['link', 'link/sub'])
      await expect(walked(engine, join(root, folder))).rejects.toMatchObject({
        code: 'root-is-link',
        message: `${root}/link is a symbolic link to books`,
      });
  });

  it('throws at its end if the root is another folder than at its beginning', async () => {
    const library = join(root, 'library');
    mkdirSync(library);
    writeFileSync(join(library, 'a.epub'), '');
    const seen: number[] = [];
    const walk = async (): Promise<void> => {
      for await (const batch of engine.walk(library, { extensions: new Set(['epub']) })) {
        seen.push(batch.length);
        renameSync(library, join(root, 'unmounted'));
        mkdirSync(library);
      }
    };
    await expect(walk()).rejects.toMatchObject({ code: 'root-changed' });
    expect(seen).toEqual([1]);
  });

  it('uses the given extensions, in upper or lower case, also with a dot or beyond ASCII', async () => {
    for (const name of ['a.FB2.Zip', 'b.zip', 'c.книга', 'd.epub', 'zip'])
      writeFileSync(join(root, name), '');
    const entries = await walked(engine, root, { extensions: new Set(['fb2.zip', 'книга']) });
    expect(entries.map(({ path }) => Buffer.from(path, 'latin1').toString())).toEqual([
      'a.FB2.Zip',
      'c.книга',
    ]);
  });
});
