import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runChild } from '../../../bench/child-process.js';
import { repositoryRoot } from '../../support/repository-root.js';

const script = join(repositoryRoot, 'dist/bench/attack/main.js');

it('a short run of three attacks has a row for each honest request', async () => {
  const attacks = 'unread 404s,burst of pushes,many devices';
  const args = ['--attacks', attacks, '--databases', 'sqlite', '--seconds', '1', '--rounds', '1'];
  const { stdout } = await runChild(process.execPath, [script, ...args, '--devices', '10']);
  for (const attack of ['unread 404s', 'burst of pushes', '10 devices push one document']) {
    for (const request of ['push', 'pull']) {
      expect(stdout).toMatch(new RegExp(`sqlite +\\|.*${attack} +\\| ${request}.*→`));
    }
  }
});

it('a wrong argument is exit code 2, with the usage', async () => {
  const run = runChild(process.execPath, [script, '--attacks', 'rain']);
  await expect(run).rejects.toThrow(/exit code 2.*no "rain"[^]*usage: npm run bench:attack/);
});
