import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type AgainstOptions, parseAgainst } from './sync/against-server.js';

export const SUITES = [
  'hash',
  'walk',
  'late',
  'scan',
  'large',
  'start',
  'serve',
  'scale',
  'sync',
  'micro',
] as const;
export type SuiteName = (typeof SUITES)[number];

/** What the goals of speed are judged by, without what explains the figures. Some 25 minutes on two cores with --warm. */
const SPEED = 'speed';
const SPEED_SUITES: readonly SuiteName[] = ['hash', 'late', 'scan', 'large', 'start', 'serve', 'scale'];

export interface BenchArguments {
  /** In the order of SUITES, whatever the order in which they were named. */
  readonly suites: readonly SuiteName[];
  /** Those of them that were named one by one: they are measured again where the record has them. */
  readonly namedSuites: readonly SuiteName[];
  readonly quick: boolean;
  /** Whether the page cache may be dropped. */
  readonly cold: boolean;
  /** Absolute path of libraries and compiled yardsticks, which are kept between runs. */
  readonly cacheFolder: string;
  /** Absolute path; each run writes its record to a folder of its own in it. */
  readonly runsFolder: string;
  /** Absolute path of a record that this run adds to; absent: the run makes a record of its own. */
  readonly recordFolder: string | undefined;
  /** Books of the library that is hashed; absent: the default of a full or quick run. */
  readonly books: number | undefined;
  readonly against: AgainstOptions | undefined;
}

export const USAGE = `usage: npm run bench -- [SUITE...] [OPTION...]

suites: ${SUITES.join(', ')} (default: all)
        ${SPEED}: those that most targets need, ${SPEED_SUITES.join(', ')}
  --quick         small sizes and few rounds: takes a minute or two, and its figures are no results
  --warm          skips what needs an empty page cache: emptying it slows the whole machine for a while
  --books N       books of the library that is hashed (default: 50000, with --quick 4000)
  --against URL   a koreader-sync-server of your own in a private network, which gets the same load in turn; its API makes
                  20 accounts, dogear-bench-1 and so on, with 1,000 documents each, which stay there
  --against-pids PID,...
                  all processes of it and its Redis, where it runs on this machine: their processor time is measured
  --cache FOLDER  libraries and compiled yardsticks, kept between runs (default: ~/.cache/dogear-bench);
                  what is measured is the disk that it is on
  --runs FOLDER   where records go, each into a folder of its own (default: bench/runs; with --quick the cache folder)
  --record FOLDER the record itself; where it exists already, of the same commit, what it lacks is added, and suites that
                  are named one by one are measured again
`;

/** @throws Error whose message says what is wrong with the arguments */
export function parseArguments(
  args: readonly string[],
  repositoryRoot: string,
  environment: Readonly<Record<string, string | undefined>>,
): BenchArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      warm: { type: 'boolean', default: false },
      books: { type: 'string' },
      cache: { type: 'string' },
      runs: { type: 'string' },
      record: { type: 'string' },
      against: { type: 'string' },
      'against-pids': { type: 'string' },
    },
    allowPositionals: true,
  });
  const namedSuites = SUITES.filter((suite) => positionals.includes(suite));
  const chosenSuites = new Set<SuiteName>(namedSuites);
  if (positionals.includes(SPEED)) for (const suite of SPEED_SUITES) chosenSuites.add(suite);
  for (const name of positionals) {
    if (name !== SPEED && !SUITES.some((suite) => suite === name)) {
      throw new Error(`there is no suite "${name}"; there are ${[...SUITES, SPEED].join(', ')}`);
    }
  }
  const books = values.books === undefined ? undefined : Number(values.books);
  if (books !== undefined && !(Number.isInteger(books) && books >= 100)) {
    throw new Error('--books takes a whole number from 100 on');
  }
  const cacheFolder = resolve(
    values.cache ?? join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'dogear-bench'),
  );
  const runsFolder = values.quick ? join(cacheFolder, 'runs') : join(repositoryRoot, 'bench/runs');
  return {
    suites: positionals.length === 0 ? SUITES : SUITES.filter((suite) => chosenSuites.has(suite)),
    namedSuites,
    quick: values.quick,
    cold: !values.warm,
    cacheFolder,
    runsFolder: values.runs === undefined ? runsFolder : resolve(values.runs),
    recordFolder: values.record === undefined ? undefined : resolve(values.record),
    books,
    against: parseAgainstOptions(values.against, values['against-pids']),
  };
}

function parseAgainstOptions(
  address: string | undefined,
  pids: string | undefined,
): AgainstOptions | undefined {
  if (address === undefined) {
    if (pids !== undefined) throw new Error('--against-pids goes with --against');
    return undefined;
  }
  const processes = pids === undefined ? [] : pids.split(',').map(Number);
  if (!processes.every((processId) => Number.isInteger(processId) && processId > 0)) {
    throw new Error('--against-pids takes numbers of processes, separated by commas');
  }
  return { server: parseAgainst(address), processes };
}
