import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { errorMessage } from '../../server/domain/error-text.js';
import { THIS_CHECKOUT } from '../checkout.js';
import { readRecord, readRecords, type RunRecord } from '../record/run-record.js';
import { checkScale, costsOfSize, type MeasuredScale, measuredScale, SCALE_FACT } from './measured-scale.js';
import { ASSUMPTION_NAMES, ASSUMPTIONS, assumptionsWith, flagOf } from './scale-assumptions.js';
import { scaleNeeds } from './scale-model.js';
import { assumptionTable, checkTable, costTable, needsTable } from './scale-tables.js';

const READERS = [10_000, 1_000_000, 100_000_000];

const USAGE = `usage: npm run bench:scale -- [OPTION...]

Says what so many readers need, by the costs that "npm run bench -- scale" has measured.

  --record FOLDER                 the record with the costs (default: the newest one in bench/runs that has them)
  --readers N,...                 numbers of readers (default: ${READERS.join(',')})
${ASSUMPTION_NAMES.map((name) => `  ${`--${flagOf(name)} N`.padEnd(31)} ${ASSUMPTIONS[name].text} (default: ${ASSUMPTIONS[name].default})`).join('\n')}
`;

function main(): void {
  try {
    process.stdout.write(answer(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n\n${USAGE}`);
    process.exitCode = 2;
  }
}

/** @throws Error whose message says what is wrong with the arguments, or that there is no record */
function answer(args: readonly string[]): string {
  const option = { type: 'string' } as const;
  const flags = Object.fromEntries(ASSUMPTION_NAMES.map((name) => [flagOf(name), option]));
  const { values } = parseArgs({ args: [...args], options: { record: option, readers: option, ...flags } });
  const textOf = (flag: string): string | undefined => {
    const value = new Map(Object.entries(values)).get(flag);
    return typeof value === 'string' ? value : undefined;
  };
  const assumed = assumptionsWith(
    Object.fromEntries(ASSUMPTION_NAMES.map((name) => [name, textOf(flagOf(name))])),
  );
  const readers = textOf('readers')?.split(',').map(Number) ?? READERS;
  if (!readers.every((count) => Number.isInteger(count) && count > 0)) {
    throw new Error('--readers takes whole numbers above 0, separated by commas');
  }
  const { record, scale } = foundScale(textOf('record'));
  const costs = costsOfSize(scale.base);
  const rows = scale.base.rows.head.toLocaleString('en-US');
  return `${[
    `# What readers need`,
    `Costs of ${record.startedAt.slice(0, 10)}, commit ${record.revision.commit.slice(0, 12)}` +
      (record.isQuick ? ', of a quick run: **nothing here is a result**.' : '.'),
    needsTable(readers.map((count) => scaleNeeds(count, costs, assumed))),
    '## Assumptions',
    assumptionTable(assumed),
    `## Costs, measured with ${rows} places, all in memory`,
    costTable(costs),
    '## Check: what the costs predict for other sizes, and what was measured there',
    checkTable(checkScale(scale)),
  ].join('\n\n')}\n`;
}

function foundScale(folder: string | undefined): {
  readonly record: RunRecord;
  readonly scale: MeasuredScale;
} {
  const runs = join(THIS_CHECKOUT.root, 'bench/runs');
  const named = folder === undefined ? undefined : readRecord(resolve(folder));
  const record =
    folder === undefined ? readRecords(runs).findLast(({ facts }) => SCALE_FACT in facts) : named;
  if (record === undefined || !(SCALE_FACT in record.facts)) {
    throw new Error(
      `${folder ?? 'bench/runs'} has no record with costs: npm run bench -- scale --record FOLDER makes one`,
    );
  }
  return { record, scale: measuredScale.parse(record.facts[SCALE_FACT]) };
}

main();
