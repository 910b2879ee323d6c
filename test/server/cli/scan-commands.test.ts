import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type BookFolder, bookFolder } from '../../support/book-folder.js';
import { runProgram, startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('the command line of libraries and scans', () => {
  let cwd: string;
  let books: BookFolder;

  beforeEach(async () => {
    cwd = (await temporaryFolder()).path;
    books = await bookFolder({ 'a/one.epub': 'one', 'b/two.cbz': 'two' });
  });

  const dogear = (...args: readonly string[]) => runProgram(args, { cwd });

  it('adds, changes and removes libraries, and says what is wrong', async () => {
    expect(await dogear('library', 'add', 'comics', books.path, '--extensions', '.CBZ,cbr')).toMatchObject({
      exitCode: 0,
    });
    const twice = await dogear('library', 'add', 'comics', books.path);
    expect(twice).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: 'dogear: There is a library "comics" already.\n',
    });
    expect(await dogear('library', 'add', 'x', join(cwd, 'nope'))).toMatchObject({ exitCode: 1 });
    expect(await dogear('library', 'add', 'x', books.path, '--extensions', 'e/b')).toMatchObject({
      exitCode: 1,
    });
    expect((await dogear('scan')).stdout).toContain('comics: 1 file in');
    expect(
      await dogear('library', 'set', 'comics', '--name', 'all', '--extensions', 'default'),
    ).toMatchObject({ exitCode: 0 });
    expect((await dogear('scan', 'all')).stdout).toContain('all: 2 files');
    expect(await dogear('scan', 'comics')).toMatchObject({
      exitCode: 1,
      stderr: 'dogear: There is no library "comics"; there is "all". "dogear library add" adds a library.\n',
    });
    expect(await dogear('library', 'purge', '--missing-for', '0d')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('all: no book has been missing for 0 days or longer.') as string,
    });
    expect(await dogear('library', 'remove', 'all')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/The library "all" has \d+ books with \d+ digests .*--yes/s) as string,
    });
    expect(await dogear('library', 'remove', 'all', '--yes')).toMatchObject({ exitCode: 0 });
    expect(await dogear('scan')).toMatchObject({ exitCode: 1, stdout: '' });
  });

  it('restricts a library to its readers', async () => {
    await dogear('library', 'add', 'books', books.path);
    await dogear('user', 'add', 'anna');
    const set = (...flags: readonly string[]) => dogear('library', 'set', 'books', ...flags);
    expect(await set('--restricted', 'on')).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await dogear('library', 'list')).stdout).toMatch(/, for nobody but its managers\n$/);
    expect(await set('--add-reader', 'anna')).toMatchObject({ exitCode: 0 });
    expect((await dogear('library', 'list')).stdout).toMatch(/, only for anna\n$/);
    expect((await set('--add-reader', 'nobody')).stderr).toContain('There is no user "nobody"');
    expect(await set('--restricted', 'maybe')).toMatchObject({ exitCode: 2 });
    expect(await set('--remove-reader', 'anna')).toMatchObject({ exitCode: 0 });
    const { stdout } = await dogear('library', 'list', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ readers: [] });
    await set('--restricted', 'off');
    expect((await dogear('library', 'list')).stdout).not.toContain('for');
  }, 240_000);

  it('writes one JSON object a line with scan --json', async () => {
    await dogear('library', 'add', 'books', books.path);
    const { stdout, exitCode } = await dogear('scan', '--json');
    expect(exitCode).toBe(0);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events[0]).toMatchObject({ event: 'scan', library: 'books', root: books.path });
    expect(events.at(-1)).toMatchObject({ event: 'summary', found: 2, new: 2, hashed: 2, failed: 0 });
  });

  it('reports a missing root, and scans the other libraries nevertheless', async () => {
    const other = await bookFolder({ 'three.pdf': 'three' });
    await dogear('library', 'add', 'a', books.path);
    await dogear('library', 'add', 'b', other.path);
    books.remove('.');
    const { exitCode, stdout, stderr } = await dogear('scan');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^dogear: The folder .* of the library "a" is not there\..*\n$/);
    expect(stdout).toContain('b: 1 file in');
  });

  it('says what to do about a root that has become empty', async () => {
    await dogear('library', 'add', 'a', books.path);
    await dogear('scan');
    books.remove('a');
    books.remove('b');
    const { exitCode, stdout, stderr } = await dogear('scan', '--json');
    expect(exitCode).toBe(1);
    const hint = 'If the library is really empty, remove it. "dogear library remove" removes a library.';
    expect(stderr.endsWith(`${hint}\n`), stderr).toBe(true);
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      event: 'error',
      code: 'root-empty',
      message: expect.stringContaining(hint) as string,
    });
  });

  it.each([['0/2'], ['3/2'], ['1'], ['1/x'], ['1/5000']])('refuses --shard %s', async (shard) => {
    await dogear('library', 'add', 'a', books.path);
    const { exitCode, stderr } = await dogear('scan', '--shard', shard);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Expected I/N');
  });

  it('stops on Ctrl-C with exit code 130 and leaves no scan running', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 5000 }, (_, number) => [
        `${String(number % 50)}/${String(number)}.epub`,
        'x'.repeat(number),
      ]),
    );
    const many = await bookFolder(files);
    await dogear('library', 'add', 'many', many.path);
    const scan = startProgram(['scan', '--json', '--jobs', '1'], { cwd });
    await scan.output('stdout', /"event":"scan"/);
    scan.send('SIGINT');
    const { exitCode, stdout } = await scan.result;
    expect(exitCode).toBe(130);
    expect(stdout).not.toContain('"summary"');
    expect((await dogear('scan')).stdout).toContain('many: 5000 files');
  });

  it('lists every mistake of the configuration and starts nothing', async () => {
    const { exitCode, stdout, stderr } = await runProgram(
      ['scan', '--set', 'engine.jobs=0', '--set', 'no.such=1'],
      {
        cwd,
        env: { DOGEAR_LOG_LEVEL: 'loud' },
      },
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/engine\.jobs[^]*no\.such|no\.such[^]*engine\.jobs/);
    expect(stderr).toContain('DOGEAR_LOG_LEVEL');
  });

  it('answers --help and --version, and refuses unknown commands and options with a hint', async () => {
    expect(await dogear('--help')).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await dogear('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await dogear('scna')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Did you mean scan?') as unknown,
    });
    expect(await dogear('help', 'scna')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Did you mean scan?') as unknown,
    });
    expect((await dogear('help', 'library', 'add')).stdout).toContain('Usage: dogear library add');
    expect(await dogear('scan', '--regen')).toMatchObject({ exitCode: 2 });
    expect(await dogear()).toMatchObject({ exitCode: 2 });
  });
});
