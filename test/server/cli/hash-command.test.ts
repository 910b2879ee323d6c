import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type BookFolder, bookFolder, md5 } from '../../support/book-folder.js';
import { runProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const v8Coverage = z.object({ result: z.array(z.object({ url: z.string() })) });

describe('dogear hash', () => {
  const inFolder = (folder: BookFolder, args: readonly string[], stdin?: string) =>
    runProgram(['hash', ...args], { cwd: folder.path, ...(stdin === undefined ? {} : { stdin }) });

  it('prints digest, two spaces and path, in the order of the arguments and of the paths in folders', async () => {
    const folder = await bookFolder({
      'b/two.epub': 'two',
      'b/one.pdf': 'one',
      'b/cover.jpg': 'x',
      'a.bin': 'three',
    });
    expect(await inFolder(folder, ['b', 'a.bin', 'b/two.epub'])).toMatchObject({
      exitCode: 0,
      stdout: `${md5('one')}  b/one.pdf\n${md5('two')}  b/two.epub\n${md5('three')}  a.bin\n${md5('two')}  b/two.epub\n`,
      stderr: '',
    });
  });

  it.each(['auto', 'system-calls'])('prints the same and no warning with engine.reads=%s', async (reads) => {
    const folder = await bookFolder({ 'a/one.epub': 'one', 'a/two.epub': 'two', 'b/two.epub': 'two' });
    expect(await inFolder(folder, ['.', '--set', `engine.reads=${reads}`])).toMatchObject({
      exitCode: 0,
      stdout: `${md5('one')}  ./a/one.epub\n${md5('two')}  ./a/two.epub\n${md5('two')}  ./b/two.epub\n`,
      stderr: '',
    });
  });

  it('prints the same for one file as for many, and loads no thread, no schema and no YAML for it', async () => {
    const coverage = (await temporaryFolder()).path;
    const folder = await bookFolder({ 'one.epub': 'one', empty: '' });
    const long = 'x'.repeat(100_000);
    writeFileSync(join(folder.path, 'long.epub'), long);
    const names = ['one.epub', 'empty', 'long.epub'];
    for (const format of [[], ['--json'], ['--filename']]) {
      const together = await inFolder(folder, [...format, ...names, ...names]);
      const alone = await Promise.all(names.map((name) => inFolder(folder, [...format, name])));
      expect(together.stdout).toBe(
        alone
          .map(({ stdout }) => stdout)
          .join('')
          .repeat(2),
      );
    }
    const { stdout } = await runProgram(['hash', 'one.epub'], {
      cwd: folder.path,
      env: { NODE_V8_COVERAGE: coverage },
    });
    expect(stdout).toBe(`${md5('one')}  one.epub\n`);
    const written = readdirSync(coverage);
    // One for each thread.
    expect(written).toHaveLength(1);
    const loaded = loadedModules(join(coverage, written[0] ?? ''));
    expect(loaded).toMatch(/node_modules\/commander\//);
    expect(loaded).toMatch(/engine\/pool\/partial-md5-of-file\./);
    expect(loaded).not.toMatch(/node_modules\/(?:zod|yaml|piscina|kysely)\/|engine\/pool\/engine\./);
  });

  it('goes on after a file that fails, reports it on standard error, and exits 1', async () => {
    const folder = await bookFolder({ 'one.epub': 'one', 'two.epub': 'two' });
    mkdirSync(join(folder.path, 'sub'));
    symlinkSync('nowhere', join(folder.path, 'sub/gone.epub'));
    const { exitCode, stdout, stderr } = await inFolder(folder, [
      'one.epub',
      'missing.epub',
      'sub',
      'two.epub',
    ]);
    expect(exitCode).toBe(1);
    expect(stdout).toBe(`${md5('one')}  one.epub\n${md5('two')}  two.epub\n`);
    expect(stderr).toMatch(/^dogear: missing\.epub: .*\ndogear: sub\/gone\.epub: .*\n$/);
  });

  it('refuses extensions that no file can have, and hashes those that are given', async () => {
    const folder = await bookFolder({ 'one.epub': 'one', 'two.pdf': 'two' });
    for (const [given, named] of [
      ['pdf,a.b.c', 'a.b.c'],
      ['a/b', 'a/b'],
      [',', ''],
    ] as const) {
      const { exitCode, stdout, stderr } = await inFolder(folder, ['--extensions', given, '.']);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toBe(
        `dogear: "${named}" is not a file extension. Write extensions like epub,pdf,fb2.zip.\n`,
      );
    }
    expect((await inFolder(folder, ['--extensions', '.PDF', '.'])).stdout).toBe(`${md5('two')}  ./two.pdf\n`);
  });

  it('prints the MD5 of the file name with --filename', async () => {
    const folder = await bookFolder({ 'sub/one.epub': 'one' });
    const { stdout } = await inFolder(folder, ['--filename', 'sub/one.epub']);
    expect(stdout).toBe(`${md5('one.epub')}  sub/one.epub\n`);
  });

  it('prints one JSON object a line with --json, and bytes that are not UTF-8 in base64', async () => {
    const folder = await bookFolder({ 'one.epub': 'one' });
    const name = Buffer.from([0x66, 0xff, 0x2e, 0x65, 0x70, 0x75, 0x62]);
    writeFileSync(Buffer.concat([Buffer.from(`${folder.path}/`), name]), 'two');
    const { stdout } = await inFolder(folder, ['--json', '.', 'nope']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toEqual([
      {
        path: './f\\xff.epub',
        path_base64: Buffer.concat([Buffer.from('./'), name]).toString('base64'),
        partial_md5: md5('two'),
        filename_md5: md5(name),
        size_bytes: 3,
      },
      { path: './one.epub', partial_md5: md5('one'), filename_md5: md5('one.epub'), size_bytes: 3 },
      { path: 'nope', error: 'vanished', message: expect.any(String) as unknown },
    ]);
  });

  it('checks a list that it printed, also with line feeds and backslashes in names', async () => {
    const folder = await bookFolder({ 'one.epub': 'one', 'li\nne.epub': 'two', 'back\\slash.epub': 'three' });
    const { stdout: list } = await inFolder(folder, ['.']);
    expect(list).toContain(`\\${md5('two')}  ./li\\nne.epub\n`);
    expect(await inFolder(folder, ['--check', '-'], list)).toMatchObject({
      exitCode: 0,
      stdout: './back\\slash.epub: OK\n./li\\nne.epub: OK\n./one.epub: OK\n',
      stderr: '',
    });
    folder.write('one.epub', 'changed');
    folder.remove('back\\slash.epub');
    folder.write('list', `${list}no digest\n`);
    const checked = await inFolder(folder, ['--check', 'list']);
    expect(checked.exitCode).toBe(1);
    expect(checked.stdout).toBe(
      './back\\slash.epub: FAILED open or read\n./li\\nne.epub: OK\n./one.epub: FAILED\n',
    );
    expect(checked.stderr).toMatch(
      /1 line is not a digest and a path\n.*1 file could not be read\n.*1 file has another digest\n$/,
    );
  });

  it('refuses an empty list, a list that does not exist, and no arguments', async () => {
    const folder = await bookFolder();
    expect(await inFolder(folder, ['--check', '-'], '')).toMatchObject({ exitCode: 1 });
    symlinkSync('loop', join(folder.path, 'loop'));
    for (const list of ['nope', 'loop']) {
      const missing = await inFolder(folder, ['--check', list]);
      expect(missing).toMatchObject({ exitCode: 1, stdout: '' });
      expect(missing.stderr).toMatch(new RegExp(`^dogear: ${list}: .*\n$`));
    }
    expect(await inFolder(folder, [])).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await inFolder(folder, ['--jobs', 'many', '.'])).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it('exits 0 when the reader of its output closes the pipe', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 3000 }, (_, number) => [`${String(number)}.epub`, 'x']),
    );
    const folder = await bookFolder(files);
    const { spawnSync } = await import('node:child_process');
    const { repositoryRoot } = await import('../../support/repository-root.js');
    const command = `node ${join(repositoryRoot, 'dist/server/main.js')} hash . | head -n 2`;
    const { stdout, stderr } = spawnSync('bash', ['-c', command], { cwd: folder.path, encoding: 'utf8' });
    expect(stdout.split('\n')).toHaveLength(3);
    expect(stderr).toBe('');
  });
});

/** The files that a program loaded and, for those that many modules were joined into, these modules; one a line. */
function loadedModules(coverageFile: string): string {
  const { result } = v8Coverage.parse(JSON.parse(readFileSync(coverageFile, 'utf8')));
  return result
    .filter(({ url }) => url.startsWith('file:'))
    .flatMap(({ url }) => {
      const joined = readFileSync(new URL(url), 'utf8').matchAll(/^\/\/ (\S+\.\w+)$/gm);
      return [url, ...[...joined].map(([, module = '']) => module)];
    })
    .join('\n');
}
