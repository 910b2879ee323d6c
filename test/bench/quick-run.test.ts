import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { runChild } from '../../bench/child-process.js';
import { runRecord } from '../../bench/record/run-record.js';
import { repositoryRoot } from '../support/repository-root.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const RUN_DEADLINE_MS = 300_000;
const BOOKS = 300;

it(
  'a quick run of the hash and micro suites leaves a whole record',
  async () => {
    const { path } = await temporaryFolder();
    const args = [
      'hash',
      'micro',
      '--quick',
      '--warm',
      '--books',
      String(BOOKS),
      '--cache',
      join(path, 'cache'),
    ];
    const { stdout } = await runChild(process.execPath, [
      join(repositoryRoot, 'dist/bench/main.js'),
      ...args,
      '--runs',
      join(path, 'runs'),
    ]);
    const [run] = readdirSync(join(path, 'runs'));
    const folder = join(path, 'runs', run ?? '');
    expect(stdout).toContain(folder);
    const record = runRecord.parse(JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8')));
    expect(record.suites).toEqual(['hash', 'micro']);
    expect(record.isQuick).toBe(true);
    // All sides hashed the same files to the same digests, or the run had failed.
    expect(record.facts['hash digest of digests']).toMatch(/^[0-9a-f]{32}$/);
    expect(record.facts['hash library']).toMatchObject({ books: BOOKS });
    const measured = record.targets.filter(({ state }) => state !== 'not measured').map(({ id }) => id);
    expect(measured).toEqual(expect.arrayContaining(['hash-1-thread', 'hash-2-threads']));
    expect(record.series.every(({ samples }) => samples.length > 0 && samples.every(Number.isFinite))).toBe(
      true,
    );
    expect(record.series.map(({ name }) => name)).toContain('before the database: parsing a body');
    expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toContain('A quick run');
    expect(existsSync(join(folder, 'hash-hashing-warm-cache-threads.svg'))).toBe(true);
    // The same record, with a further suite; what it has is not measured again.
    const continued = ['start', 'large', '--quick', '--cache', join(path, 'cache'), '--record', folder];
    await runChild(process.execPath, [join(repositoryRoot, 'dist/bench/main.js'), ...continued], {
      env: { ...process.env, DOGEAR_TEST_MYSQL_URL: inject('mysqlUrl') },
    });
    const both = runRecord.parse(JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8')));
    expect(both.suites).toEqual(['hash', 'large', 'start', 'micro']);
    expect(both.startedAt).toBe(record.startedAt);
    expect(both.series).toEqual(expect.arrayContaining(record.series));
    expect(both.targets.find(({ id }) => id === 'start-hash')?.measured).toBeGreaterThan(0);
    // Each file was found where the library had been moved to, by both databases.
    expect(both.series.filter(({ name }) => name.startsWith('peak memory, moved library: '))).toHaveLength(2);
    // Nothing but what later runs use is left.
    expect(readdirSync(join(path, 'cache')).filter((name) => name.startsWith('dogear-'))).toEqual([]);
  },
  RUN_DEADLINE_MS,
);

it('a wrong argument is exit code 2, with the usage', async () => {
  const run = runChild(process.execPath, [join(repositoryRoot, 'dist/bench/main.js'), 'hush']);
  await expect(run).rejects.toThrow(/exit code 2.*no suite "hush"[^]*usage: npm run bench/);
});
