import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningProgram, startProgram } from './program.js';
import { repositoryRoot } from './repository-root.js';
import { temporaryFolder } from './temporary-folder.js';

export interface WatchedProgram extends RunningProgram {
  /** Files below `folder` that the program has opened so far, as relative paths in the order of opening. */
  opened(folder: string): readonly string[];
  /** Size of the log of opened files, which grows with each file; cheaper to read than `opened`. */
  openLogBytes(): number;
  /** Peak memory of the process. Throws until it has ended by itself. */
  peakMemoryBytes(): number;
}

/**
 * Starts the program and records which files it opens and how much memory it uses (open-log.ts). Only files that
 * Node's calls read are recorded, so the engine reads with system calls instead of io_uring.
 */
export async function startWatched(args: readonly string[]): Promise<WatchedProgram> {
  const { path } = await temporaryFolder();
  const openLog = join(path, 'opened');
  const memoryLog = join(path, 'memory');
  const program = startProgram(args, {
    nodeArguments: ['--import', join(repositoryRoot, 'dist/test/support/open-log.js')],
    env: { OPEN_LOG: openLog, MEMORY_LOG: memoryLog, DOGEAR_ENGINE_READS: 'system-calls' },
    cwd: path,
  });
  return Object.assign(program, {
    opened: (folder: string) =>
      readFileSync(openLog, 'latin1')
        .split('\0')
        .filter((opened) => opened.startsWith(`${folder}/`))
        .map((opened) => opened.slice(folder.length + 1)),
    openLogBytes: () => (existsSync(openLog) ? statSync(openLog).size : 0),
    peakMemoryBytes: () => Number(readFileSync(memoryLog, 'utf8')) * 1024,
  });
}
