import { execFile } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { pathArgument, withRawBytes } from '../../../server/cli/path-argument.js';
import { type BookFolder, bookFolder, md5 } from '../../support/book-folder.js';
import { environmentWithoutDogear } from '../../support/program.js';
import { repositoryRoot } from '../../support/repository-root.js';

describe('an argument that is not UTF-8', () => {
  let folder: BookFolder;
  beforeEach(async () => {
    folder = await bookFolder();
    const books = Buffer.from(`${folder.path}/caf\xe9`, 'latin1');
    mkdirSync(books);
    writeFileSync(Buffer.concat([books, Buffer.from('/b\xff.epub', 'latin1')]), 'one');
    // What the lossy text of the argument would lead to.
    mkdirSync(join(folder.path, 'caf\ufffd'));
  });

  interface Result {
    readonly exitCode: number;
    readonly stdout: Buffer;
    readonly stderr: string;
  }

  /** @param args as bash takes them: `$'caf\xe9'` is a name in Latin-1 */
  function dogear(args: string): Promise<Result> {
    return new Promise((resolve) => {
      const command = `exec "$0" --no-warnings dist/server/main.js ${args.replaceAll('HERE', folder.path)}`;
      const database = `sqlite:${join(folder.path, 'dogear.db')}`;
      execFile(
        'bash',
        ['-c', command, process.execPath],
        {
          cwd: repositoryRoot,
          env: { ...environmentWithoutDogear(), DOGEAR_DATABASE_URL: database },
          encoding: 'buffer',
        },
        (error, stdout, stderr) =>
          resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr: stderr.toString() }),
      );
    });
  }

  it('is hashed as a file and as a folder, beside arguments that are', async () => {
    writeFileSync(join(folder.path, 'café.epub'), 'two');
    const { exitCode, stdout, stderr } = await dogear(
      `hash HERE/$'caf\\xe9/b\\xff.epub' "HERE/café.epub" HERE/$'caf\\xe9'`,
    );
    expect(stderr).toBe('');
    expect(stdout.toString('latin1')).toBe(
      [
        `${md5('one')}  ${folder.path}/caf\xe9/b\xff.epub\n`,
        `${md5('two')}  ${folder.path}/caf\xc3\xa9.epub\n`,
        `${md5('one')}  ${folder.path}/caf\xe9/b\xff.epub\n`,
      ].join(''),
    );
    expect(exitCode).toBe(0);
  });

  it('names a list of digests to check', async () => {
    const list = Buffer.from(`${folder.path}/list\xe9`, 'latin1');
    writeFileSync(list, (await dogear(`hash HERE/$'caf\\xe9'`)).stdout);
    expect(await dogear(`hash --check=HERE/$'list\\xe9'`)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('is the root of a library that is added, moved and scanned', async () => {
    expect((await dogear(`library add Books HERE/$'caf\\xe9'`)).stdout.toString()).toContain('caf\\xe9');
    expect(await dogear('scan Books')).toMatchObject({ exitCode: 0 });
    renameSync(
      Buffer.from(`${folder.path}/caf\xe9`, 'latin1'),
      Buffer.from(`${folder.path}/other\xe9`, 'latin1'),
    );
    expect(await dogear(`library set Books --root HERE/$'other\\xe9'`)).toMatchObject({ exitCode: 0 });
    expect((await dogear('library list')).stdout.toString()).toContain('other\\xe9: 1 book, 1 hashed');
  });

  it('is refused where text is meant: a name, a setting', async () => {
    for (const args of [
      `library add $'caf\\xe9' HERE`,
      `user add $'caf\\xe9'`,
      `--set $'database.url=sqlite:HERE/caf\\xe9.db' library list`,
      `library list --database $'sqlite:HERE/caf\\xe9.db'`,
    ]) {
      const { exitCode, stderr } = await dogear(args);
      expect(stderr, args).toContain('caf\\xe9');
      expect(stderr, args).toContain('is not UTF-8');
      expect(exitCode, args).toBe(2);
    }
  });

  it('is found among options of Node.js, empty arguments, and texts that look alike', () => {
    const commandLine = Buffer.from(
      'node\0--no-warnings\0main.js\0hash\0\0caf\xe9\0caf\xc3\xa9\0--check=\xff\0',
      'latin1',
    );
    const argv = ['/usr/bin/node', '/srv/main.js', 'hash', '', 'caf\ufffd', 'café', '--check=\ufffd'];
    const given = withRawBytes(argv, commandLine);
    expect(given.map((text) => pathArgument(text).toString('latin1'))).toEqual([
      '/usr/bin/node',
      '/srv/main.js',
      'hash',
      '',
      'caf\xe9',
      'caf\xc3\xa9',
      '--check=\xff',
    ]);
    expect(withRawBytes(argv, Buffer.from('another\0program\0'))).toEqual(argv);
    expect(withRawBytes(argv, undefined)).toEqual(argv);
  });

  it.each(['', 'x', 'node\0hash', 'node\0main.js\0hash'])(
    'is looked for to the end of a command line without a zero byte there: %j',
    (commandLine) => {
      const argv = ['/usr/bin/node', '/srv/main.js', 'hash'];
      expect(withRawBytes(argv, Buffer.from(commandLine))).toEqual(argv);
    },
  );

  it('is found where no zero byte follows it', () => {
    const given = withRawBytes(['node', 'caf\ufffd'], Buffer.from('node\0caf\xe9', 'latin1'));
    expect(given.map((text) => pathArgument(text).toString('latin1'))).toEqual(['node', 'caf\xe9']);
  });
});
