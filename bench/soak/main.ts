import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../../server/domain/error-text.js';
import { createRunFolder } from '../../test/support/run-folder.js';
import { checkBuilt, THIS_CHECKOUT } from '../checkout.js';
import { exitOnSignals } from '../child-process.js';
import { parseSoakArguments, SOAK_USAGE, type SoakArguments } from './soak-arguments.js';
import { logFileOf, soak, type SoakReport } from './soak-run.js';
import { soakText } from './soak-table.js';

async function main(): Promise<void> {
  let chosen: SoakArguments;
  try {
    chosen = parseSoakArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n\n${SOAK_USAGE}`);
    process.exitCode = 2;
    return;
  }
  checkBuilt(THIS_CHECKOUT);
  exitOnSignals();
  const { databases, faults, minutes, logFolder } = chosen;
  if (logFolder !== undefined) mkdirSync(logFolder, { recursive: true });
  const work = await createRunFolder();
  const reports: SoakReport[] = [];
  try {
    for (const kind of databases) {
      const workFolder = mkdtempSync(join(work.path, `${kind}-`));
      const seconds = (minutes * 60) / databases.length;
      const logFile = logFileOf(logFolder, kind);
      const say = (line: string): void => void process.stderr.write(`${line}\n`);
      reports.push(await soak({ kind, seconds, faults, workFolder, logFile, say }));
    }
  } finally {
    tell(reports);
    await work.remove();
  }
}

/** Prints what was found; also what a run that failed has found before. */
function tell(reports: readonly SoakReport[]): void {
  if (reports.length === 0) return;
  process.stdout.write(`\n${soakText(reports)}`);
  const problems = reports.flatMap((report) => report.problems.map((text) => `${report.kind}: ${text}`));
  if (problems.length === 0) {
    process.stdout.write('Nothing was lost.\n');
    return;
  }
  process.stderr.write(`\n${problems.length} problems:\n${problems.join('\n')}\n`);
  process.exitCode = 1;
}

await main();
