import { availableParallelism } from 'node:os';
import { alternate, fileRates, samplesOf, type Side } from '../alternation.js';
import { cachedLibrary, type CachedLibrary } from '../cached-library.js';
import { coldCache } from '../cold-cache.js';
import type { EngineAnswer, EngineTask } from '../probes/engine-messages.js';
import { EngineSide } from '../probes/engine-side.js';
import { median, pairedRatios } from '../statistics.js';
import type { AxisPlace, SuiteContext } from '../suite.js';
import type { TargetId } from '../targets.js';
import { type HashPass, type HashYardstick, hashYardstick } from '../yardstick/hash-yardstick.js';
import { measureSyscalls } from './syscalls.js';

interface Sizes {
  readonly books: number;
  readonly pairs: number;
  readonly sweepThreads: readonly number[];
  readonly sweepRounds: number;
  readonly coldFiles: number;
  readonly coldRounds: number;
}

const FULL: Sizes = {
  books: 50_000,
  pairs: 11,
  sweepThreads: [1, 2, 4, 8, 16, 32],
  sweepRounds: 3,
  coldFiles: 20_000,
  coldRounds: 5,
};
const QUICK: Sizes = {
  books: 4_000,
  pairs: 2,
  sweepThreads: [1, 2],
  sweepRounds: 1,
  coldFiles: 1_000,
  coldRounds: 1,
};
/** Numbers of threads of the yardstick; the fastest of them is what the engine is compared with. */
const COLD_THREADS = [2, 8, 32];

interface HashBench {
  readonly context: SuiteContext;
  readonly sizes: Sizes;
  readonly library: CachedLibrary;
  readonly yardstick: HashYardstick;
}

/** Hashing by the engine of the checkout, compared with a yardstick in C, with warm and cold cache. */
export async function hashSuite(context: SuiteContext): Promise<void> {
  const kind = context.quick ? QUICK : FULL;
  const books = context.books ?? kind.books;
  const sizes = { ...kind, books, coldFiles: Math.min(kind.coldFiles, books) };
  const yardstick = await hashYardstick(context.cacheFolder);
  const library = cachedLibrary(context, books, 'books');
  context.findings.facts['hash yardstick'] = yardstick.description;
  context.findings.facts['hash library'] = {
    books,
    mix: library.mix,
    'digest of paths': library.pathsDigest,
  };
  const bench: HashBench = { context, sizes, library, yardstick };
  await warm(bench);
  await sweep(bench);
  await cold(bench);
  await measureSyscalls(context, yardstick);
}

async function warm({ context, sizes, library, yardstick }: HashBench): Promise<void> {
  const { checkout, findings, log } = context;
  log(`warm cache, ${sizes.pairs} rounds`);
  const list = library.listFile();
  const engines = await Promise.all([
    EngineSide.start(checkout, { library: library.folder, jobs: 1 }),
    EngineSide.start(checkout, { library: library.folder, jobs: 2 }),
    EngineSide.start(checkout, { library: library.folder, jobs: 1, md5: 'node-crypto' }),
    EngineSide.start(checkout, { library: library.folder, jobs: 1, reads: 'system-calls' }),
  ]);
  const [oneThread, twoThreads, oneThreadCrypto, oneThreadCalls] = engines;
  const sides = [
    yardstickSide(yardstick, list, 1),
    engineSide('engine 1 thread', oneThread, 'hash'),
    yardstickSide(yardstick, list, 2),
    engineSide('engine 2 threads', twoThreads, 'hash'),
    engineSide('engine 1 thread, node-crypto', oneThreadCrypto, 'hash'),
    engineSide('engine 1 thread, system calls', oneThreadCalls, 'hash'),
  ];
  try {
    // The first pass fills the page cache, and V8 compiles the engine's hot code.
    const first = await alternate(sides, 1);
    const digest = samplesOf(first, 'yardstick 1 thread')[0]?.digest ?? '';
    findings.facts['hash digest of digests'] = digest;
    const passes = await alternate(sides, sizes.pairs, reporter(log, sizes.books, digest));
    for (const { name } of sides) keepRates(context, 'warm', name, fileRates(passes, name));
    compare(context, passes, 'hash-1-thread', 'engine 1 thread', 'yardstick 1 thread');
    compare(context, passes, 'hash-2-threads', 'engine 2 threads', 'yardstick 2 threads');
    const overOneThread = (other: string): number[] =>
      pairedRatios(fileRates(passes, 'engine 1 thread'), fileRates(passes, other));
    findings.ratios.push({
      suite: 'hash',
      name: 'wasm-simd over node-crypto in the engine, 1 thread',
      samples: overOneThread('engine 1 thread, node-crypto'),
    });
    const [engine] = samplesOf(passes, 'engine 1 thread').filter(isEngineAnswer);
    if (engine !== undefined) {
      findings.facts['md5 kernel'] = engine.md5KernelName;
      findings.facts['reads'] = engine.readsName;
      if (engine.readsName !== 'system-calls') {
        findings.ratios.push({
          suite: 'hash',
          name: `${engine.readsName} over system calls in the engine, 1 thread`,
          samples: overOneThread('engine 1 thread, system calls'),
        });
      }
    }
  } finally {
    for (const engine of engines) await engine.close();
  }
}

/** Throughput by number of threads, for the plot, and with the number that the engine chooses. */
async function sweep({ context, sizes, library, yardstick }: HashBench): Promise<void> {
  const { checkout, log } = context;
  log('by number of threads');
  const list = library.listFile();
  const engines: EngineSide[] = [];
  const engineOf = async (jobs: number | undefined): Promise<EngineSide> => {
    const options = { library: library.folder, ...(jobs === undefined ? {} : { jobs }) };
    const engine = await EngineSide.start(checkout, options);
    engines.push(engine);
    return engine;
  };
  try {
    const automatic = engineSide('engine automatic', await engineOf(undefined), 'hash');
    const byThreads = await Promise.all(
      sizes.sweepThreads.map(async (threads) => ({
        threads,
        yardstick: yardstickSide(yardstick, list, threads),
        engine: engineSide(named('engine', threads), await engineOf(threads), 'hash'),
      })),
    );
    const sides = [automatic, ...byThreads.flatMap((side) => [side.yardstick, side.engine])];
    await alternate([automatic, ...byThreads.map(({ engine }) => engine)], 1);
    const passes = await alternate(sides, sizes.sweepRounds, reporter(log, sizes.books));
    for (const { threads, ...both } of byThreads) {
      for (const [who, { name }] of Object.entries(both)) {
        keepRates(context, 'warm', who, fileRates(passes, name), { axis: 'threads', value: threads });
      }
    }
    keepRates(context, 'warm', automatic.name, fileRates(passes, automatic.name));
    keepCurve(context, 'warm', samplesOf(passes, automatic.name));
  } finally {
    for (const engine of engines) await engine.close();
  }
}

async function cold({ context, sizes, library, yardstick }: HashBench): Promise<void> {
  const { checkout, findings, log } = context;
  if (!context.cold) {
    findings.notes.push('Cold cache: left out.');
    return;
  }
  const cache = coldCache();
  findings.facts['cold cache'] = cache.state === 'available' ? 'dropped before each pass' : cache.reason;
  if (cache.state === 'unavailable') {
    findings.notes.push(`Cold cache: not measured, ${cache.reason}.`);
    return;
  }
  log(`cold cache, ${sizes.coldFiles} files, ${sizes.coldRounds} rounds`);
  const list = library.listFile(sizes.coldFiles);
  const engine = await EngineSide.start(checkout, { library: library.folder, maxFiles: sizes.coldFiles });
  const afterDrop = (side: Side<Pass>): Side<Pass> => ({
    name: side.name,
    measure: async () => {
      await cache.drop();
      return side.measure();
    },
  });
  // A fresh engine each time, whose tuner knows nothing of the storage yet.
  const automatic = engineSide('engine automatic', engine, 'hash-fresh');
  const yardsticks = COLD_THREADS.map((threads) => yardstickSide(yardstick, list, threads));
  try {
    const passes = await alternate(
      [...yardsticks, automatic].map(afterDrop),
      sizes.coldRounds,
      reporter(log, sizes.coldFiles),
    );
    for (const { name } of [...yardsticks, automatic]) {
      keepRates(context, 'cold', name, fileRates(passes, name));
    }
    const best = yardsticks
      .map(({ name }) => fileRates(passes, name))
      .reduce((left, right) => (median(right) > median(left) ? right : left));
    findings.targets.push({
      target: 'hash-cold',
      samples: pairedRatios(fileRates(passes, automatic.name), best),
    });
    keepCurve(context, 'cold', samplesOf(passes, automatic.name));
  } finally {
    await engine.close();
  }
}

type Pass = HashPass | EngineAnswer;

function keepRates(
  { findings }: SuiteContext,
  cache: 'warm' | 'cold',
  side: string,
  samples: readonly number[],
  at?: AxisPlace,
): void {
  const name = `hashing, ${cache} cache: ${side}`;
  findings.series.push({
    suite: 'hash',
    name,
    unit: 'files/s',
    samples,
    ...(at === undefined ? {} : { at }),
  });
}

function isEngineAnswer(pass: Pass): pass is EngineAnswer {
  return 'md5KernelName' in pass;
}

function named(who: string, threads: number): string {
  return `${who} ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

function yardstickSide(yardstick: HashYardstick, list: string, threads: number): Side<Pass> {
  return { name: named('yardstick', threads), measure: () => yardstick.run(list, threads) };
}

function engineSide(name: string, engine: EngineSide, task: EngineTask): Side<Pass> {
  return { name, measure: () => engine.run(task) };
}

/** Logs each pass, and stops the run when a pass failed on a file or its digest of digests differs from the others. */
function reporter(log: (line: string) => void, books: number, digest?: string) {
  let expected = digest;
  return (side: string, pass: Pass): void => {
    expected ??= pass.digest;
    if (pass.failed > 0 || pass.files !== books || pass.digest !== expected) {
      throw new Error(
        `${side} hashed ${pass.files} of ${books} files, ${pass.failed} failed, ` +
          `digest of digests ${pass.digest} instead of ${expected}`,
      );
    }
    log(`  ${side}: ${Math.round(pass.files / pass.seconds)} files/s`);
  };
}

function compare(
  { findings }: SuiteContext,
  passes: ReadonlyMap<string, Pass[]>,
  target: TargetId,
  side: string,
  yardstick: string,
): void {
  findings.targets.push({
    target,
    samples: pairedRatios(fileRates(passes, side), fileRates(passes, yardstick)),
  });
}

/** The tuner's curve of the last pass: the numbers of threads that the engine tried, and the rate with each. */
function keepCurve({ findings }: SuiteContext, cache: 'warm' | 'cold', passes: readonly Pass[]): void {
  const last = passes.filter(isEngineAnswer).at(-1);
  if (last === undefined) return;
  findings.facts[`concurrency, ${cache} cache`] = {
    cores: availableParallelism(),
    'chosen at the end': last.jobs,
    steps: last.tunerCurve.map(({ atMs, jobs, filesPerSecond }) => ({
      at_ms: Math.round(atMs),
      jobs,
      files_per_second: Math.round(filesPerSecond),
    })),
  };
}
