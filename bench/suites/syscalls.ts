import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorMessage } from '../../server/domain/error-text.js';
import { cachedLibrary, type CachedLibrary } from '../cached-library.js';
import { engineModule } from '../checkout.js';
import { isInstalled, runChild } from '../child-process.js';
import type { EngineOnceOptions } from '../probes/engine-messages.js';
import type { SuiteContext } from '../suite.js';
import type { HashYardstick } from '../yardstick/hash-yardstick.js';

const COUNTED_FILES = 1000;
const QUICK_COUNTED_FILES = 100;

/**
 * System calls a file, by name: the calls of a run over 1,001 files (101 in a quick run) minus those of a run over one
 * file, which removes what starting and ending a program costs. No times are taken: strace slows the program down.
 * The opens, reads and closes that the engine hands to io_uring are no system calls; one `io_uring_enter` covers the
 * operations of many files.
 */
export async function measureSyscalls(context: SuiteContext, yardstick: HashYardstick): Promise<void> {
  const { checkout, findings, workFolder, log, quick } = context;
  const files = quick ? QUICK_COUNTED_FILES : COUNTED_FILES;
  if (!(await isInstalled('strace', '-V'))) {
    findings.notes.push('System calls a file: not counted, strace is not installed.');
    return;
  }
  log(`system calls of ${files} files`);
  const report = join(workFolder, 'strace.txt');
  const count = async (command: string, args: readonly string[]): Promise<CallCounts> => {
    await runChild('strace', ['-f', '-c', '-U', 'name,calls', '-o', report, command, ...args]);
    return parseStraceCounts(readFileSync(report, 'utf8'));
  };
  const engine = async (library: CachedLibrary, task: EngineOnceOptions['task']): Promise<CallCounts> => {
    const options: EngineOnceOptions = {
      engineModule: engineModule(checkout),
      library: library.folder,
      jobs: 1,
      task,
    };
    const script = fileURLToPath(new URL('../probes/engine-once.js', import.meta.url));
    return count(process.execPath, [script, JSON.stringify(options)]);
  };
  const one = cachedLibrary(context, 1, 'books');
  const many = cachedLibrary(context, files + 1, 'books');
  try {
    const walkOne = await engine(one, 'walk');
    const walkMany = await engine(many, 'walk');
    const hashOne = difference(await engine(one, 'walk-and-hash'), walkOne);
    const hashMany = difference(await engine(many, 'walk-and-hash'), walkMany);
    keep(context, 'engine, hash', callsPerFile(hashOne, hashMany, files));
    // Each file is in a folder of its own, as in calibre: the figure includes listing that folder.
    keep(context, 'engine, walk', callsPerFile(walkOne, walkMany, files));
    const { executable } = yardstick;
    if (executable === undefined) return;
    const yardstickOne = await count(executable, [one.listFile(), '1']);
    const yardstickMany = await count(executable, [many.listFile(), '1']);
    keep(context, 'yardstick', callsPerFile(yardstickOne, yardstickMany, files));
  } catch (error) {
    const reason = errorMessage(error);
    findings.notes.push(`System calls a file: not counted, strace failed: ${reason}`);
  }
}

function keep({ findings }: SuiteContext, who: string, perFile: Readonly<Record<string, number>>): void {
  findings.facts[`system calls a file, ${who}`] = perFile;
  findings.series.push({
    suite: 'hash',
    name: `system calls: ${who}`,
    unit: 'calls/file',
    samples: [Object.values(perFile).reduce((sum, calls) => sum + calls, 0)],
  });
}

/** Calls by the name of the system call. */
type CallCounts = ReadonlyMap<string, number>;

/** Parses the table of `strace -f -c -U name,calls`: one line a system call, with its name and its count. */
export function parseStraceCounts(table: string): CallCounts {
  const calls = new Map<string, number>();
  for (const line of table.split('\n')) {
    const match = /^\s*([a-z_0-9]+)\s+(\d+)\s*$/.exec(line);
    const name = match?.[1];
    if (name !== undefined && name !== 'total') calls.set(name, Number(match?.[2]));
  }
  return calls;
}

/** The counts of `more` minus those of `less`. */
function difference(more: CallCounts, less: CallCounts): CallCounts {
  return new Map([...more].map(([name, calls]) => [name, calls - (less.get(name) ?? 0)]));
}

/** Calls below this rate come from the program itself, not from its files; their number varies from run to run. */
const LEAST_CALLS_PER_FILE = 0.02;

/** The additional calls of the larger run, for each of its additional files, most frequent first. */
export function callsPerFile(
  small: CallCounts,
  large: CallCounts,
  additionalFiles: number,
): Readonly<Record<string, number>> {
  const perFile = [...difference(large, small)]
    .map(([name, calls]): [string, number] => [name, calls / additionalFiles])
    .filter(([, calls]) => calls >= LEAST_CALLS_PER_FILE);
  perFile.sort(([, left], [, right]) => right - left);
  return Object.fromEntries(perFile.map(([name, calls]) => [name, Math.round(calls * 1000) / 1000]));
}
