import { parseArgs } from 'node:util';

export interface CompareArguments {
  /** Git revisions; an absent base is the commit of the last recorded run, an absent candidate the working tree. */
  readonly base: string | undefined;
  readonly candidate: string | undefined;
  /** Pairs of samples for each figure. */
  readonly pairs: number;
  readonly quick: boolean;
  readonly cacheFolder: string | undefined;
  /** Only figures whose name contains this; empty: all. */
  readonly only: string;
}

export const COMPARE_USAGE = `usage: npm run bench:compare -- [BASE [CANDIDATE]] [OPTION...]

Builds two git revisions, measures them in turn, and prints the candidate's speed over the base's for each figure.
BASE is the commit of the last recorded run by default, CANDIDATE the working tree. Exit code 1: a figure lost more
than 5 % beyond its noise, or could not be measured.
  --pairs N       pairs of samples for each figure, at least 6 (default: 15)
  --only TEXT     only figures whose name contains it, as "hashing"
  --quick         small libraries: the figures are no results
  --cache FOLDER  libraries, kept between runs (default: ~/.cache/dogear-bench)
`;

/** With fewer pairs no range contains the median with 95 % probability. */
const LEAST_PAIRS = 6;
const DEFAULT_PAIRS = 15;

/** @throws Error whose message says what is wrong with the arguments */
export function parseCompareArguments(args: readonly string[]): CompareArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      pairs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      cache: { type: 'string' },
      only: { type: 'string', default: '' },
    },
    allowPositionals: true,
  });
  const [base, candidate, ...more] = positionals;
  if (more.length > 0) throw new Error('there are two sides to compare, not more');
  const pairs = values.pairs === undefined ? DEFAULT_PAIRS : Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < LEAST_PAIRS) {
    throw new Error(`--pairs takes a whole number from ${LEAST_PAIRS} on`);
  }
  return { base, candidate, pairs, quick: values.quick, cacheFolder: values.cache, only: values.only };
}
