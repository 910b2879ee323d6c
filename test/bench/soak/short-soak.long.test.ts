import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runChild } from '../../../bench/child-process.js';
import { repositoryRoot } from '../../support/repository-root.js';

/** Faults that need neither root nor another package. */
it.each([
  ['sqlite', 'database locked,server killed,connections cut'],
  ['mysql', 'database killed,database frozen,server killed,connections cut'],
])('readers on %s lose nothing while %s and hostile clients go on', async (database, faults) => {
  const script = join(repositoryRoot, 'dist/bench/soak/main.js');
  const args = ['--minutes', '0.2', '--databases', database, '--faults', faults];
  // Fails with the table of the soak when its exit code is not 0.
  const { stdout } = await runChild(process.execPath, [script, ...args]);
  for (const fault of faults.split(',')) expect(stdout).toMatch(new RegExp(`${fault} +\\| +[1-9]`));
});

it('a server that does not stop as it should ends the faults, and the table has what was found before', async () => {
  const script = join(repositoryRoot, 'dist/bench/soak/main.js');
  const args = ['--minutes', '0.1', '--databases', 'sqlite', '--faults', 'none,server stopped'];
  const dies = "data:text/javascript,process.once('SIGTERM',()=>process.kill(process.pid,'SIGKILL'))";
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: `--import="${dies}"` },
    timeout: 120_000,
  });
  expect(stderr).toContain('sqlite: server stopped: the server ended with SIGKILL; no fault followed it');
  expect(stdout).toMatch(/none +\| +1 /);
  expect(status).toBe(1);
});
