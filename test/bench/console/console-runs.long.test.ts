import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runChild } from '../../../bench/child-process.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const folder = join(repositoryRoot, 'dist/bench/console');

// All pictures take two minutes. Each page is loaded in these four ways by server/console/every-page.test.ts.
it('pictures are taken of pages, light and dark, wide and narrow', async () => {
  const { path } = await temporaryFolder();
  const pages = ['setup', 'empty-home', 'document', 'running-scan-library', 'sign-in'];
  const pictures = [
    ...['wide-light', 'wide-dark', 'narrow-light', 'narrow-dark'].map((kind) => `api-keys-${kind}`),
    ...pages.map((page) => `${page}-narrow-dark`),
  ];
  await runChild(process.execPath, [join(folder, 'screenshots.js'), path, ...pictures]);
  const taken = readdirSync(path).map((name) => name.replace('.png', ''));
  expect(taken).toEqual(expect.arrayContaining(pictures));
  // "api-keys" is also a part of "empty-api-keys".
  expect(taken).toHaveLength(pictures.length + 4);
});

it('a short measurement of the console prints its three tables', async () => {
  const args = ['--databases', 'sqlite', '--seconds', '1', '--rounds', '1', '--consoles', '2'];
  const { stdout } = await runChild(process.execPath, [join(folder, 'main.js'), ...args]);
  expect(stdout).toMatch(/^\| all +\| +[\d,]+ \| +[\d,]+ \|$/m);
  expect(stdout).toMatch(/^\| home +\| +[\d.]+ \| +[\d.]+ \| +\d+ \| +[\d.]+ \|$/m);
  for (const request of ['push', 'pull'])
    expect(stdout).toMatch(new RegExp(`^\\| sqlite +\\| ${request} `, 'm'));
});

it.each([
  ['main.js', ['--rounds', '0'], 'usage: npm run bench:console'],
  ['screenshots.js', [], 'usage: npm run screenshots'],
])('a wrong argument of %s is exit code 2, with the usage', async (script, args, usage) => {
  const run = runChild(process.execPath, [join(folder, script), ...args]);
  await expect(run).rejects.toThrow(new RegExp(`exit code 2[^]*${usage}`));
});
