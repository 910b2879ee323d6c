import { createHash } from 'node:crypto';
import { statSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findDuplicates } from '../../../server/book/find-duplicates.js';
import { verifyLibrary, type VerifyFinding } from '../../../server/book/verify-library.js';
import {
  verifyWholeFiles,
  type WholeFileCounts,
  type WholeFileOptions,
} from '../../../server/book/verify-whole-files.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { NEW_FILE_RULES } from '../../../server/library/library.js';
import { removeLibrary } from '../../../server/removal/remove-library.js';
import { type BookFolder, bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { runProgram } from '../../support/program.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** The same in all samples of the partial MD5, which leave out what lies behind the first 2,048 bytes. */
const LONG = 'x'.repeat(3000);
const OTHER_END = `${LONG.slice(0, 2500)}y${LONG.slice(2501)}`;

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Rewrites a file as a failing disk does: its size and time stay. */
function spoil(folder: BookFolder, path: string, content: string): void {
  const { atime, mtime } = statSync(join(folder.path, path));
  folder.write(path, content);
  utimesSync(join(folder.path, path), atime, mtime);
}

const never = new AbortController().signal;

describe.each(testDatabases())('with $name', (kind) => {
  let bench: ScanBench;
  beforeAll(async () => {
    bench = await openScanBench(kind);
  });
  afterAll(() => bench.close());

  it('a library is compared with its catalogue, which stays as it is', async () => {
    const folder = await bookFolder({
      'a.epub': 'a',
      'b.epub': 'b',
      'c.epub': 'c',
      'd.epub': 'd',
      'e.epub': 'e',
    });
    const library = await bench.makeLibrary(folder, { name: 'verified' });
    await bench.scan(library);
    folder.remove('e.epub');
    await bench.scan(library);
    folder.setModified('a.epub', 1000);
    await bench.scan(library);
    spoil(folder, 'a.epub', 'A');
    folder.write('b.epub', 'longer');
    folder.remove('c.epub');
    const before = await catalogueOf(bench.store, library);
    const findings: VerifyFinding[] = [];
    const counts = await verifyLibrary(bench, library, {
      signal: never,
      onFinding: (finding) => findings.push(finding),
    });
    expect(counts).toEqual({ verified: 1, differing: 1, changed: 1, failed: 1, skipped: 1 });
    expect(findings).toEqual([
      {
        state: 'differs',
        path: Buffer.from('a.epub'),
        stored: Buffer.from(md5('a'), 'hex'),
        found: Buffer.from(md5('A'), 'hex'),
      },
      expect.objectContaining({ state: 'failed', path: Buffer.from('c.epub'), code: 'vanished' }),
    ]);
    expect(await catalogueOf(bench.store, library)).toEqual(before);
  });

  it('a library that follows links is compared behind them too', async () => {
    const folder = await bookFolder();
    const elsewhere = await bookFolder({ 'behind.epub': 'behind a link' });
    symlinkSync(elsewhere.path, join(folder.path, 'link'));
    const fileRules = { ...NEW_FILE_RULES, followLinks: true };
    const library = await bench.makeLibrary(folder, { name: 'with links', fileRules });
    await bench.scan(library);
    const counts = await verifyLibrary(bench, library, { signal: never, onFinding: () => undefined });
    expect(counts).toEqual({ verified: 1, differing: 0, changed: 0, failed: 0, skipped: 0 });
  });

  it('whole files are compared with what was stored of them, and a run that was stopped goes on', async () => {
    const files = { 'a.epub': LONG, 'b.epub': 'b', 'c.epub': 'c', 'd.epub': 'd' };
    const folder = await bookFolder(files);
    folder.setModified('a.epub', 500);
    const library = await bench.makeLibrary(folder, { name: 'whole' });
    const stop = new AbortController();
    const findings: VerifyFinding[] = [];
    const verify = (options: Partial<WholeFileOptions> = {}) =>
      verifyWholeFiles(bench.store, library, {
        signal: never,
        stores: true,
        notCheckedForDays: 0,
        bytesPerSecond: undefined,
        onFinding: (finding) => {
          findings.push(finding);
          stop.abort(new Error('stopped'));
        },
        ...options,
      });
    const expected = (changes: Partial<WholeFileCounts>) => ({
      verified: 0,
      unknown: 0,
      differing: 0,
      changed: 0,
      failed: 0,
      skipped: 0,
      ...changes,
    });
    await bench.scan(library);
    expect(await verify({ stores: false })).toEqual(expected({ unknown: 4 }));
    folder.remove('b.epub');
    await expect(verify({ signal: stop.signal })).rejects.toThrow('stopped');
    expect(findings.splice(0)).toMatchObject([
      { state: 'failed', path: Buffer.from('b.epub'), code: 'ENOENT' },
    ]);
    folder.write('b.epub', 'b, and longer');
    await bench.scan(library);
    expect(await verify({ notCheckedForDays: 1 })).toEqual(expected({ unknown: 3, skipped: 1 }));
    expect(await verify({ stores: false })).toEqual(expected({ verified: 4 }));
    // The catalogue's own digest does not see it.
    spoil(folder, 'a.epub', OTHER_END);
    folder.setModified('c.epub', 1000);
    folder.remove('d.epub');
    await bench.scan(library);
    folder.setModified('c.epub', 2000);
    const rotten = expected({ verified: 1, differing: 1, changed: 1, skipped: 1 });
    for (let round = 0; round < 2; round++) {
      expect(await verify()).toEqual(rotten);
      expect(findings.splice(0)).toEqual([
        {
          state: 'differs',
          path: Buffer.from('a.epub'),
          stored: Buffer.from(sha256(LONG), 'hex'),
          found: Buffer.from(sha256(OTHER_END), 'hex'),
        },
      ]);
    }
    await removeLibrary(bench.store, OPERATOR, library.id);
    expect(await bench.store.db.selectFrom('whole_hash').selectAll().execute()).toEqual([]);
  });

  it('files that are the same to the last byte are duplicates, across libraries', async () => {
    const one = await bookFolder({
      'x.epub': LONG,
      'y.epub': OTHER_END,
      'empty.epub': '',
      'alone.epub': 'alone',
    });
    const two = await bookFolder({ 'z.epub': LONG, 'empty.epub': '', 'gone.epub': 'alone' });
    const libraries = [
      await bench.makeLibrary(one, { name: 'one' }),
      await bench.makeLibrary(two, { name: 'two' }),
    ];
    for (const library of libraries) await bench.scan(library);
    const [x, y] = await catalogueOf(bench.store, libraries[0] ?? expect.fail()).then((rows) =>
      rows.filter(({ path }) => /^[xy]/.test(path)),
    );
    expect(x?.partialMd5).toBe(y?.partialMd5);
    two.remove('gone.epub');
    await bench.scan(libraries[1] ?? expect.fail());
    const found: unknown[] = [];
    const options = { signal: never, onFailure: () => undefined };
    for await (const { sizeBytes, sha256: digest, books } of findDuplicates(
      bench.store,
      libraries,
      options,
    )) {
      found.push([
        sizeBytes,
        digest.toString('hex'),
        books.map(({ library, path }) => `${library.name}/${path.toString()}`),
      ]);
    }
    expect(found).toEqual([[LONG.length, sha256(LONG), ['one/x.epub', 'two/z.epub']]]);
  });
});

it('the commands print what they find, and exit with 1 where a file differs', async () => {
  const cwd = (await temporaryFolder()).path;
  const folder = await bookFolder({ 'a.epub': 'same', 'b.epub': 'same', 'c.epub': 'c' });
  folder.setModified('c.epub', 1000);
  const dogear = (...args: readonly string[]) => runProgram(args, { cwd });
  await dogear('library', 'add', 'books', folder.path);
  await dogear('scan');
  expect(await dogear('verify', 'books')).toMatchObject({
    exitCode: 0,
    stdout:
      'books: 3 as catalogued, 0 differ, 0 changed since the last scan, 0 failed, 0 without digests or missing\n',
  });
  expect(await dogear('duplicates')).toMatchObject({
    exitCode: 0,
    stdout: `4 bytes, SHA-256 ${sha256('same')}\n  books: a.epub\n  books: b.epub\n`,
  });
  folder.remove('b.epub');
  const duplicates = await dogear('duplicates', '--json');
  expect(duplicates).toMatchObject({ exitCode: 1, stdout: '' });
  expect(duplicates.stderr).toContain('books: b.epub: ENOENT');
  spoil(folder, 'c.epub', 'C');
  const { exitCode, stdout } = await dogear('verify', 'books', '--json');
  expect(exitCode).toBe(1);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(lines).toContainEqual({ event: 'differs', path: 'c.epub', stored: md5('c'), found: md5('C') });
  expect(lines).toContainEqual(
    expect.objectContaining({ event: 'summary', differing: 1, failed: 1, verified: 1 }),
  );
  const full = (...args: readonly string[]) => dogear('verify', 'books', '--full', ...args);
  expect((await full()).stdout).toContain(
    '0 as stored, 2 without a stored hash (--store stores it), 0 differ',
  );
  expect(await full('--store', '--rate', '500')).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining(
      'books: 0 as stored, 2 stored now, 0 differ, 0 changed since the last scan, 1 failed, 0 missing or left out\n',
    ) as string,
  });
  expect((await full('--older-than', '1d')).stdout).toContain('1 failed, 2 missing or left out');
  expect(await dogear('verify', 'books', '--store')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('need --full') as string,
  });
});
