import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { environmentWithoutDogear } from '../test/support/program.js';
import { type Checkout, programFile } from './checkout.js';
import { runChild } from './child-process.js';

interface ProgramRun {
  /** Of standard output. */
  readonly lines: readonly string[];
  /** Of the whole process, its start included. */
  readonly seconds: number;
  readonly maxRssBytes: number;
}

const processReport = z.object({ maxRssBytes: z.number() });

/**
 * Runs `dogear ARGS` of a checkout to its end.
 *
 * @param workFolder where it runs and leaves its report; holds no configuration
 * @throws Error when it ends with anything but exit code 0
 */
async function runProgram(
  checkout: Checkout,
  workFolder: string,
  databaseUrl: string,
  args: readonly string[],
): Promise<ProgramRun> {
  const report = join(workFolder, 'process-report.json');
  const preload = new URL('probes/process-report.js', import.meta.url).href;
  const { stdout, seconds } = await runChild(
    process.execPath,
    ['--import', preload, programFile(checkout), '--database', databaseUrl, ...args],
    { cwd: workFolder, env: { ...environmentWithoutDogear(), BENCH_PROCESS_REPORT: report } },
  );
  const took = processReport.parse(JSON.parse(readFileSync(report, 'utf8')));
  rmSync(report);
  return { lines: stdout.split('\n').filter((line) => line !== ''), seconds, ...took };
}

const scanSummary = z.object({
  event: z.literal('summary'),
  found: z.int(),
  unchanged: z.int(),
  moved: z.int(),
  hashed: z.int(),
  failed: z.int(),
  seconds: z.number(),
});

export interface ScanTimes {
  readonly files: number;
  readonly hashed: number;
  readonly unchanged: number;
  readonly moved: number;
  /** As the program reports it: from when the database is open and its tables exist. */
  readonly scanSeconds: number;
  readonly processSeconds: number;
  readonly maxRssBytes: number;
}

/** Name of the library that the benchmarks add. */
const LIBRARY = 'bench';

export async function addLibrary(
  checkout: Checkout,
  workFolder: string,
  databaseUrl: string,
  folder: string,
): Promise<void> {
  await runProgram(checkout, workFolder, databaseUrl, ['library', 'add', LIBRARY, folder]);
}

/**
 * `dogear scan`; a file that failed fails the run.
 *
 * @param jobs absent: as many threads as the engine chooses
 */
export async function runScan(
  checkout: Checkout,
  workFolder: string,
  databaseUrl: string,
  jobs?: number,
): Promise<ScanTimes> {
  const flags = jobs === undefined ? [] : ['--jobs', String(jobs)];
  const run = await runProgram(checkout, workFolder, databaseUrl, ['scan', '--json', ...flags, LIBRARY]);
  const summary = scanSummary.parse(JSON.parse(run.lines.at(-1) ?? 'null'));
  if (summary.failed > 0) throw new Error(`a scan could not read ${summary.failed} files`);
  return {
    files: summary.found,
    hashed: summary.hashed,
    unchanged: summary.unchanged,
    moved: summary.moved,
    scanSeconds: summary.seconds,
    processSeconds: run.seconds,
    maxRssBytes: run.maxRssBytes,
  };
}
