import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alternate, samplesOf, type Side } from '../alternation.js';
import { programFile } from '../checkout.js';
import { runChild } from '../child-process.js';
import { environmentWithoutDogear } from '../../test/support/program.js';
import type { SuiteContext } from '../suite.js';
import type { TargetId } from '../targets.js';

const FULL_ROUNDS = 15;
const QUICK_ROUNDS = 2;
const NODE_ALONE = 'node with an empty program';

/** From the start of a process to its end, for commands that people and scripts wait for. */
export async function startSuite(context: SuiteContext): Promise<void> {
  const { checkout, workFolder, findings, log, quick } = context;
  const book = join(workFolder, 'one-book.epub');
  writeFileSync(book, Buffer.alloc(2 ** 20, 'a book of one MiB'));
  const commands: readonly (readonly [TargetId, readonly string[]])[] = [
    ['start-version', ['--version']],
    ['start-help', ['--help']],
    ['start-hash', ['hash', book]],
  ];
  const node = (...args: readonly string[]): Promise<number> =>
    runChild(process.execPath, args, { cwd: workFolder, env: environmentWithoutDogear() }).then(
      ({ seconds }) => seconds * 1000,
    );
  const sides: Side<number>[] = [
    { name: NODE_ALONE, measure: () => node('-e', '0') },
    ...commands.map(([name, args]) => ({ name, measure: () => node(programFile(checkout), ...args) })),
  ];
  const rounds = quick ? QUICK_ROUNDS : FULL_ROUNDS;
  log(`start times, ${rounds} rounds`);
  // Fills the page cache.
  await alternate(sides, 1);
  const times = await alternate(sides, rounds);
  findings.series.push({
    suite: 'start',
    name: NODE_ALONE,
    unit: 'ms',
    samples: samplesOf(times, NODE_ALONE),
  });
  for (const [target] of commands) {
    const samples = samplesOf(times, target);
    findings.targets.push({ target, samples });
  }
}
