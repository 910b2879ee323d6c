import type { Command } from 'commander';
import { ensureLibrary } from '../app/library-admin.js';
import { composeProgram } from '../compose.js';
import type { Library } from '../domain/library.js';
import type { CommandContext } from './context.js';
import { listenForInterrupt } from './interrupt.js';
import { scanLibraries } from './scan-libraries.js';

export function addUpCommand(program: Command, context: CommandContext): void {
  program
    .command('up')
    .argument('<folder...>', 'folders of books')
    .description('add the folders as libraries on first sight and scan them')
    .action(async (folders: string[], _flags: unknown, command: Command) => {
      const composed = await composeProgram(context.configuration(command));
      const interrupt = listenForInterrupt();
      try {
        const libraries: Library[] = [];
        for (const folder of folders) libraries.push(await ensureLibrary(composed.store, folder));
        const exitCode = await scanLibraries(composed, libraries, { json: false, signal: interrupt.signal });
        context.exitWith(interrupt.exitCode() ?? exitCode);
      } finally {
        interrupt.release();
        await composed.close();
      }
    });
}
