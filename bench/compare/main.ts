import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../../server/domain/error-text.js';
import { createRunFolder } from '../../test/support/run-folder.js';
import { alternate, samplesOf } from '../alternation.js';
import { parseArguments } from '../arguments.js';
import { cachedLibrary } from '../cached-library.js';
import { type Checkout, THIS_CHECKOUT } from '../checkout.js';
import { exitOnSignals } from '../child-process.js';
import { revisionOf } from '../record/revision.js';
import { readRecords } from '../record/run-record.js';
import { formatNumber, markdownTable } from '../record/table.js';
import { median } from '../statistics.js';
import { type CompareArguments, COMPARE_USAGE, parseCompareArguments } from './compare-arguments.js';
import { type Figure, figures, type OpenFigure } from './figures.js';
import { checkOutRevision, commitOf, type RevisionCheckout } from './revision-checkout.js';
import { type FigureVerdict, judgeFigure } from './verdict.js';

const FULL = { books: 20_000, small: 20_000 };
const QUICK = { books: 2_000, small: 2_000 };

interface Row {
  readonly figure: string;
  readonly base: readonly number[];
  readonly candidate: readonly number[];
  readonly verdict: FigureVerdict;
}

async function main(): Promise<void> {
  let chosen: CompareArguments;
  let base: string;
  try {
    chosen = parseCompareArguments(process.argv.slice(2));
    base = chosen.base ?? lastRecordedCommit();
    // Before anything is built.
    for (const revision of [base, ...(chosen.candidate === undefined ? [] : [chosen.candidate])])
      commitOf(revision);
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n\n${COMPARE_USAGE}`);
    process.exitCode = 2;
    return;
  }
  const cacheArguments = chosen.cacheFolder === undefined ? [] : ['--cache', chosen.cacheFolder];
  const { cacheFolder } = parseArguments(cacheArguments, THIS_CHECKOUT.root, process.env);
  mkdirSync(cacheFolder, { recursive: true });
  const work = await createRunFolder(cacheFolder);
  const workFolder = work.path;
  exitOnSignals();
  const checkouts: RevisionCheckout[] = [];
  const checkOut = async (revision: string, name: string): Promise<Checkout> => {
    log(`building ${revision}`);
    const checkout = await checkOutRevision(revision, join(workFolder, name));
    checkouts.push(checkout);
    return checkout;
  };
  try {
    const baseCheckout = await checkOut(base, 'base');
    const candidateCheckout =
      chosen.candidate === undefined ? workingTree() : await checkOut(chosen.candidate, 'candidate');
    const sizes = chosen.quick ? QUICK : FULL;
    const context = { cacheFolder, workFolder, log };
    const folders = {
      books: cachedLibrary(context, sizes.books, 'books').folder,
      small: cachedLibrary(context, sizes.small, 'small').folder,
      work: workFolder,
    };
    const rows: Row[] = [];
    for (const figure of figures(folders).filter(({ name }) => name.includes(chosen.only))) {
      rows.push(await compare(figure, baseCheckout, candidateCheckout, chosen.pairs));
    }
    if (rows.length === 0) throw new Error(`no figure's name contains "${chosen.only}"`);
    print(rows, baseCheckout, candidateCheckout, chosen.pairs);
    if (rows.some(({ verdict }) => verdict.state === 'lost')) process.exitCode = 1;
  } finally {
    for (const checkout of checkouts) checkout.remove();
    await work.remove();
  }
}

async function compare(figure: Figure, base: Checkout, candidate: Checkout, pairs: number): Promise<Row> {
  log(figure.name);
  const open: OpenFigure[] = [];
  try {
    const sides = [];
    for (const [name, checkout] of Object.entries({ base, candidate })) {
      const side = await figure.open(checkout);
      open.push(side);
      sides.push({ name, measure: () => side.measure() });
    }
    await alternate(sides, 1);
    const samples = await alternate(sides, pairs, (side, rate) =>
      log(`  ${side}: ${Math.round(rate)} files/s`),
    );
    const baseRates = samplesOf(samples, 'base');
    const candidateRates = samplesOf(samples, 'candidate');
    return {
      figure: figure.name,
      base: baseRates,
      candidate: candidateRates,
      verdict: judgeFigure(baseRates, candidateRates),
    };
  } finally {
    for (const side of open) await side.close();
  }
}

function print(rows: readonly Row[], base: Checkout, candidate: Checkout, pairs: number): void {
  const table = markdownTable(
    ['figure', 'base:', 'candidate:', 'candidate / base:', '95 % range:', ''],
    rows.map(({ figure, base: before, candidate: after, verdict: { state, ratio, low, high } }) => [
      figure,
      `${formatNumber(median(before))} files/s`,
      `${formatNumber(median(after))} files/s`,
      ratio.toFixed(3),
      `[${low.toFixed(3)}, ${high.toFixed(3)}]`,
      state === 'even' ? '' : state,
    ]),
  );
  process.stdout.write(`base ${base.label}, candidate ${candidate.label}, ${pairs} pairs\n\n${table}\n`);
}

function workingTree(): Checkout {
  const { commit, isDirty } = revisionOf(THIS_CHECKOUT.root);
  return { ...THIS_CHECKOUT, label: `working tree (${commit.slice(0, 12)}${isDirty ? ' and changes' : ''})` };
}

function lastRecordedCommit(): string {
  const record = readRecords(join(THIS_CHECKOUT.root, 'bench/runs')).findLast(({ isQuick }) => !isQuick);
  if (record === undefined) throw new Error('no run is recorded in bench/runs: name a base');
  return record.revision.commit;
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

await main();
