import type { Command } from 'commander';
import { findDuplicates } from '../book/find-duplicates.js';
import { composeStore } from '../compose/composed-store.js';
import { getLibrariesByName } from '../library/get-library.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { listenForInterrupt } from './interrupt.js';
import { writeError, writeJsonLine, writeLine } from './output.js';
import { jsonPath, shownPath, shownText } from './shown-text.js';

export function fillDuplicatesCommand(duplicates: Command, context: CommandContext): void {
  duplicates
    .argument('[library...]', 'names of libraries (default: all)')
    .option('--json', 'one JSON object a line, for each content')
    .action(async (names: string[], flags: { readonly json?: true }, command: Command) => {
      const store = await composeStore(context.configuration(command));
      const interrupt = listenForInterrupt();
      let failed = 0;
      try {
        const libraries = await getLibrariesByName(store, names);
        const found = findDuplicates(store, libraries, {
          signal: interrupt.signal,
          onFailure: ({ library, path }, message) => {
            failed++;
            writeError(`${library.name}: ${shownPath(path)}: ${message}`);
          },
        });
        for await (const { sizeBytes, sha256, books } of found) {
          const digest = sha256.toString('hex');
          if (flags.json === true) {
            writeJsonLine({
              size_bytes: sizeBytes,
              sha256: digest,
              books: books.map(({ library, path }) => ({ library: library.name, ...jsonPath(path) })),
            });
            continue;
          }
          writeLine(`${String(sizeBytes)} bytes, SHA-256 ${digest}`);
          for (const { library, path } of books)
            writeLine(`  ${shownText(library.name)}: ${shownPath(path)}`);
        }
        context.exitWith(interrupt.exitCode() ?? (failed > 0 ? EXIT.failed : EXIT.ok));
      } catch (error) {
        const exitCode = interrupt.exitCode();
        if (exitCode === undefined) throw error;
        context.exitWith(exitCode);
      } finally {
        interrupt.release();
        await store.close();
      }
    });
}
