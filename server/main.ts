#!/usr/bin/env node
// An old Node.js has to come as far as the check of its version. So this file has no `await` at the top, which Node.js 12
// does not understand, and imports everything else afterwards.
import { oldNodeProblem } from './cli/node-version.js';

/** After a failure, something may be left open that keeps the process alive. Normally it ends within milliseconds. */
const EXIT_AFTER_MS = 500;

const problem = oldNodeProblem(process.versions.node);
if (problem === undefined) {
  void runHere();
} else {
  process.stderr.write(`dogear: ${problem}\n`);
  process.exitCode = 1;
}

async function runHere(): Promise<void> {
  const { runCommandLine } = await import('./cli/run.js');
  process.exitCode = await runCommandLine(process.argv);
  if (process.exitCode !== 0) setTimeout(() => process.exit(), EXIT_AFTER_MS).unref();
}
