import { readFileSync, writeFileSync } from 'node:fs';
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

it('the reporter lists tests that were tried again, and no others', async () => {
  const { path } = await temporaryFolder();
  const list = join(path, 'retried');
  writeFileSync(join(path, 'some.test.js'), TESTS);
  const vitest = join(repositoryRoot, 'node_modules/vitest/vitest.mjs');
  const reporter = join(repositoryRoot, 'test/retried-tests.mjs');
  await runChild(
    process.execPath,
    [vitest, 'run', '--root', path, '--globals', '--retry', '2', '--reporter', reporter],
    { env: { ...process.env, RETRIED_TESTS: list } },
  );
  expect(readFileSync(list, 'utf8')).toBe('some.test.js: fails once (2 tries, passed)\n');
});
