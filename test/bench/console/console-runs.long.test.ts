import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runChild } from '../../../bench/child-process.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const folder = join(repositoryRoot, 'dist/bench/console');

it('pictures are taken of every page, light and dark, wide and narrow', async () => {
  const { path } = await temporaryFolder();
  await runChild(process.execPath, [join(folder, 'screenshots.js'), path]);
  const names = readdirSync(path);
  for (const page of ['setup', 'sign-in', 'empty-home', 'home', 'document', 'running-scan-library']) {
    for (const kind of ['wide-light', 'wide-dark', 'narrow-light', 'narrow-dark']) {
      expect(names).toContain(`${page}-${kind}.png`);
    }
  }
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
