import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runChild } from '../../../bench/child-process.js';
import { repositoryRoot } from '../../support/repository-root.js';

const script = join(repositoryRoot, 'dist/bench/attack/main.js');

it('a short run of four attacks hurts no honest request, and has a row for each', async () => {
  const attacks = 'unread 404s,burst of pushes,doubtful framing,many devices';
  const args = ['--attacks', attacks, '--databases', 'sqlite', '--seconds', '1', '--rounds', '1'];
  // Fails with the table of the attacks when its exit code is not 0.
  const { stdout } = await runChild(process.execPath, [script, ...args, '--devices', '10']);
  for (const attack of [
    'unread 404s',
    'burst of pushes',
    'doubtful framing',
    '10 devices push one document',
  ]) {
    for (const request of ['push', 'pull']) {
      expect(stdout).toMatch(new RegExp(`sqlite +\\|.*${attack} +\\| ${request}.*→`));
    }
  }
});

it('a wrong argument is exit code 2, with the usage', async () => {
  const run = runChild(process.execPath, [script, '--attacks', 'rain']);
  await expect(run).rejects.toThrow(/exit code 2.*no "rain"[^]*usage: npm run bench:attack/);
});
