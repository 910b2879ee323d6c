import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { processIdOf } from '../../bench/bench-databases.js';
import { runChild } from '../../bench/child-process.js';
import { measuredScale } from '../../bench/scale/measured-scale.js';
import { readRecord } from '../../bench/record/run-record.js';
import { repositoryRoot } from '../support/repository-root.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const RUN_DEADLINE_MS = 300_000;
/** What they measure is the processor time of the database, among other things. */
const isDatabaseSeen = (await processIdOf(inject('mysqlUrl'))) !== undefined;

it.runIf(isDatabaseSeen)(
  'a quick run of the scale suite measures costs, by which bench:scale says what readers need',
  async () => {
    const { path } = await temporaryFolder();
    const record = join(path, 'record');
    const args = ['scale', '--quick', '--cache', join(path, 'cache'), '--record', record];
    await runChild(process.execPath, [join(repositoryRoot, 'dist/bench/main.js'), ...args], {
      env: { ...process.env, DOGEAR_TEST_MYSQL_URL: inject('mysqlUrl') },
    });
    const { base, sizes } = measuredScale.parse(readRecord(record)?.facts['scale']);
    expect(sizes.map(({ rows }) => rows.head)).toEqual([800, 8000]);
    for (const { rows, bytes, all } of [base, ...sizes]) {
      // More than the digest, the x-pointer and the device's names, and far less than a page.
      expect(bytes.head / rows.head).toBeGreaterThan(100);
      expect(bytes.head / rows.head).toBeLessThan(2000);
      expect(all.push.serverUs).toBeGreaterThan(0);
      expect(all.pull.databaseUs).toBeGreaterThan(0);
      expect(all.push.pagesRead).toBeGreaterThan(0);
    }
    const main = join(repositoryRoot, 'dist/bench/scale/main.js');
    const { stdout } = await runChild(process.execPath, [
      main,
      '--record',
      record,
      '--readers',
      '5000',
      '--books',
      '7',
    ]);
    expect(stdout).toMatch(/\| readers +\| +5,000 \|/);
    expect(stdout).toMatch(/\| books of a reader with a place.*\| +7 \| --books /);
    expect(stdout).toMatch(/\| 8,000 +\| push, server +\| .* µs \| .* µs \| +[+-]\d+ % \|/);
    await expect(runChild(process.execPath, [main, '--books', '0'])).rejects.toThrow(
      /exit code 2[^]*--books N/,
    );
  },
  RUN_DEADLINE_MS,
);
