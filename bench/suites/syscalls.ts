import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedLibrary, type CachedLibrary } from '../cached-library.js';
import { engineModule } from '../checkout.js';
import { isInstalled, runChild } from '../child-process.js';
import type { EngineOnceOptions } from '../probes/engine-messages.js';
import type { SuiteContext } from '../suite.js';
import type { HashYardstick } from '../yardstick/hash-yardstick.js';
import { type CallCounts, callsPerFile, difference, parseStraceCounts } from './strace-counts.js';

const COUNTED_FILES = 1000;
const QUICK_COUNTED_FILES = 100;

/**
 * System calls a file, by name: those of a run over 1,001 files (101 in a quick run) less those of a run over one, which takes away what
 * starting and ending a program costs. Under strace times mean nothing; none are taken. What a ring does for the engine
 * (an open, the reads and a close for each file) is no system call: one `io_uring_enter` has it done for many files.
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
    // A folder of its own for each file, as calibre has them: listing it is part of the figure.
    keep(context, 'engine, walk', callsPerFile(walkOne, walkMany, files));
    const { executable } = yardstick;
    if (executable === undefined) return;
    const yardstickOne = await count(executable, [one.listFile(), '1']);
    const yardstickMany = await count(executable, [many.listFile(), '1']);
    keep(context, 'yardstick', callsPerFile(yardstickOne, yardstickMany, files));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
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
