import type { Bench } from 'tinybench';
import { cachedLibrary } from '../cached-library.js';
import { quantile } from '../statistics.js';
import type { SuiteContext } from '../suite.js';
import { MD5_MIXES, md5Bench } from './md5.js';
import type { MicroBench } from './micro-bench.js';
import { hashingBench, poolBenches, reconcileBench, walkBench } from './micro-engine.js';
import { openSyncParts } from './micro-sync.js';
import { translationBench } from './translation.js';

const FULL = { timeMs: 500, md5TimeMs: 300 };
const QUICK = { timeMs: 20, md5TimeMs: 20 };
const LIBRARY_FILES = 2000;

/** Single parts of the program, each measured alone in this process, for work on that part. No target uses them. */
export async function microSuite(context: SuiteContext): Promise<void> {
  const { timeMs, md5TimeMs } = context.quick ? QUICK : FULL;
  const books = cachedLibrary(context, LIBRARY_FILES, 'books');
  const small = cachedLibrary(context, LIBRARY_FILES, 'small');
  await measureMd5(context, md5TimeMs);
  await measure(context, await hashingBench(timeMs, books.folder));
  await measure(context, reconcileBench(timeMs));
  for (const pool of await poolBenches(timeMs, small.folder)) {
    await measure(context, pool.micro);
    await pool.close();
  }
  const walk = walkBench(timeMs, small.folder, LIBRARY_FILES);
  await measure(context, walk.micro);
  await walk.close();
  const sync = await openSyncParts(context.sqlite());
  try {
    await measure(context, sync.bench(timeMs));
  } finally {
    await sync.close();
  }
  await measure(context, { bench: await translationBench(context.workFolder, timeMs), operations: 1 });
}

/** The MD5 kernels, in bytes a second, because the bytes of one iteration differ by mix. */
async function measureMd5(context: SuiteContext, timeMs: number): Promise<void> {
  const bench = md5Bench(timeMs);
  context.log(`micro: ${bench.name ?? ''}`);
  await bench.run();
  for (const { name, samplesMs } of completed(bench)) {
    const [mixName = '', kernel = ''] = name.split('/');
    const bytes = MD5_MIXES.find((mix) => mix.name === mixName)?.totalBytes ?? Number.NaN;
    context.findings.series.push({
      suite: 'micro',
      name: `MD5 of batches, ${mixName}: ${kernel}`,
      unit: 'MB/s',
      samples: samplesMs.map((ms) => bytes / ms / 1000),
    });
  }
}

async function measure(
  { findings, log }: SuiteContext,
  { bench, operations, at }: MicroBench,
): Promise<void> {
  log(`micro: ${bench.name ?? ''}`);
  await bench.run();
  for (const { name, samplesMs } of completed(bench)) {
    findings.series.push({
      suite: 'micro',
      name: `${bench.name ?? 'micro'}: ${name}`,
      unit: 'µs',
      samples: samplesMs.map((ms) => (ms * 1000) / operations),
      ...(at === undefined ? {} : { at }),
    });
  }
}

/** Number of quantiles that are recorded of a task's iterations, from the fastest to the slowest. */
const QUANTILES = 21;

/**
 * Quantiles of the time of an iteration, by task.
 *
 * @throws Error when a task did not complete: its figures would be those of a program that does nothing
 */
function completed(bench: Bench): { readonly name: string; readonly samplesMs: readonly number[] }[] {
  return bench.tasks.map(({ name, result }) => {
    if (result.state !== 'completed')
      throw new Error(`the task ${name} of ${bench.name ?? ''} is ${result.state}`);
    const { samples } = result.latency;
    if (samples === undefined) throw new Error(`the task ${name} of ${bench.name ?? ''} keeps no samples`);
    return {
      name,
      samplesMs: Array.from({ length: QUANTILES }, (_, index) => quantile(samples, index / (QUANTILES - 1))),
    };
  });
}
