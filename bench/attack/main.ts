import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../../server/domain/error-text.js';
import { createRunFolder } from '../../test/support/run-folder.js';
import { checkBuilt, THIS_CHECKOUT } from '../checkout.js';
import { exitOnSignals } from '../child-process.js';
import { formatNumber, markdownTable } from '../record/table.js';
import { ATTACK_USAGE, type AttackArguments, parseAttackArguments } from './attack-arguments.js';
import { attackProblems } from './attack-problems.js';
import { attackAll, type AttackRow } from './attack-rounds.js';
import { createAttackWorld } from './attack-world.js';

async function main(): Promise<void> {
  let chosen: AttackArguments;
  try {
    chosen = parseAttackArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n\n${ATTACK_USAGE}`);
    process.exitCode = 2;
    return;
  }
  checkBuilt(THIS_CHECKOUT);
  exitOnSignals();
  const work = await createRunFolder();
  const cells: (readonly string[])[] = [];
  const problems: string[] = [];
  try {
    for (const kind of chosen.databases) {
      const world = await createAttackWorld(kind, mkdtempSync(join(work.path, `${kind}-`)));
      try {
        const say = (line: string): void => void process.stderr.write(`${kind}: ${line}\n`);
        for await (const rows of attackAll(world, chosen, say)) {
          cells.push(...rows.map((row) => [kind, ...cellsOf(row)]));
          problems.push(...attackProblems(rows).map((text) => `${kind}: ${text}`));
        }
      } finally {
        await world.close();
      }
    }
  } finally {
    tell(cells, problems);
    await work.remove();
  }
}

/** Prints what was found; also what a run that failed has found before. */
function tell(cells: readonly (readonly string[])[], problems: readonly string[]): void {
  if (cells.length === 0) return;
  process.stdout.write(`\n${markdownTable(COLUMNS, cells)}\n`);
  if (problems.length === 0) return;
  process.stderr.write(`\n${problems.length} problems:\n${problems.join('\n')}\n`);
  process.exitCode = 1;
}

/** "Without → with" the attack, and the median of the ratios of the rounds. */
const COLUMNS = [
  'database',
  'attack',
  'honest request',
  'median ms:',
  'ratio:',
  'p99 ms:',
  'ratio:',
  'failed:',
  'memory MB:',
  'closed of opened:',
  'answers to the attack',
];

function cellsOf({ attack, request, median, p99, failed, memoryGrowthBytes, report }: AttackRow): string[] {
  const answers = Object.entries(report?.answers ?? {}).map(([status, count]) => `${count} × ${status}`);
  if (report !== undefined && report.checked > 0) {
    answers.push(`${report.storedUnanswered} of ${report.checked} unanswered pushes stored`);
  }
  if (report !== undefined && report.believed > 0) answers.push(`${report.believed} doubtful ones believed`);
  return [
    attack,
    request,
    `${formatNumber(median.calmMs)} → ${formatNumber(median.attackedMs)}`,
    formatNumber(median.ratio),
    `${formatNumber(p99.calmMs)} → ${formatNumber(p99.attackedMs)}`,
    formatNumber(p99.ratio),
    `${failed[0]} → ${failed[1]}`,
    `+${Math.max(0, memoryGrowthBytes / 1024 / 1024).toFixed(0)}`,
    report === undefined ? '-' : `${report.closed} of ${report.opened}`,
    answers.join(', '),
  ];
}

await main();
