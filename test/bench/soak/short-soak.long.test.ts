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
