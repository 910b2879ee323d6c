import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runChild } from '../bench/child-process.js';
import { repositoryRoot } from './support/repository-root.js';
import { temporaryFolder } from './support/temporary-folder.js';

const TESTS = `
let runs = 0;
it('fails once', () => { runs += 1; expect(runs).toBe(2); });
it('passes at once', () => {});
`;

const ERROR_OUTSIDE = `
it('passes too soon', () => { void Promise.reject(new Error('left behind')); });
`;

it('the reporter lists tests that were tried again and no others, and errors outside of tests', async () => {
  const { path } = await temporaryFolder();
  const list = join(path, 'retried');
  writeFileSync(join(path, 'some.test.js'), TESTS);
  const vitest = join(repositoryRoot, 'node_modules/vitest/vitest.mjs');
  const reporter = join(repositoryRoot, 'test/retried-tests.mjs');
  const args = [vitest, 'run', '--root', path, '--globals', '--retry', '2', '--reporter', reporter];
  const options = { env: { ...process.env, RETRIED_TESTS: list } };
  await runChild(process.execPath, args, options);
  expect(readFileSync(list, 'utf8')).toBe('some.test.js: fails once (2 tries, passed)\n');
  expect(existsSync(`${list}.errors`)).toBe(false);

  writeFileSync(join(path, 'some.test.js'), ERROR_OUTSIDE);
  await expect(runChild(process.execPath, args, options)).rejects.toThrow('exit code 1');
  expect(readFileSync(`${list}.errors`, 'utf8')).toBe('left behind\n');
});
