import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningProgram, startProgram } from './program.js';
import { repositoryRoot } from './repository-root.js';
import { temporaryFolder } from './temporary-folder.js';

export interface WatchedProgram extends RunningProgram {
  /** Paths below `folder` opened so far by any of its threads, relative, in order. */
  opened(folder: string): readonly string[];
  /** Bytes of the log of opened files: grows with every open, and is cheap to ask. */
  openLogBytes(): number;
  /** After a regular end. */
  peakMemoryBytes(): number;
}

/**
 * Starts the program so that it tells which files it opens and how much memory it took. Opens are seen where Node makes
 * them, so the ring of the kernel is not used.
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
