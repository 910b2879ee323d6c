import type { Command } from 'commander';
import { verifyLibrary } from '../book/verify-library.js';
import { composeProgram } from '../compose/program.js';
import { getLibraryByName } from '../library/get-library.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { listenForInterrupt } from './interrupt.js';
import { writeJsonLine, writeLine } from './output.js';
import { jsonPath, shownPath } from './shown-text.js';

export function fillVerifyCommand(verify: Command, context: CommandContext): void {
  verify
    .argument('<library>', 'name of the library')
    .option('--json', 'one JSON object a line: findings, summary')
    .action(async (name: string, flags: { readonly json?: true }, command: Command) => {
      const composed = await composeProgram(context.configuration(command), () => undefined);
      const interrupt = listenForInterrupt();
      try {
        const library = await getLibraryByName(composed.store, name);
        const counts = await verifyLibrary(composed, library, {
          signal: interrupt.signal,
          onFinding: (finding) => {
            const { state, path } = finding;
            const detail =
              state === 'differs'
                ? { stored: finding.stored.toString('hex'), found: finding.found.toString('hex') }
                : { code: finding.code, message: finding.message };
            if (flags.json === true) writeJsonLine({ event: state, ...jsonPath(path), ...detail });
            else if (state === 'failed') writeLine(`failed: ${shownPath(path)}: ${finding.message}`);
            else {
              writeLine(
                `differs: ${shownPath(path)}: its size and time are those of the catalogue, but its digest is ` +
                  `${String(detail.found)} instead of ${String(detail.stored)}`,
              );
            }
          },
        });
        const { verified, differing, changed, failed, skipped } = counts;
        if (flags.json === true) writeJsonLine({ event: 'summary', library: name, ...counts });
        else {
          writeLine(
            `${name}: ${String(verified)} as catalogued, ${String(differing)} differ, ${String(changed)} changed since ` +
              `the last scan, ${String(failed)} failed, ${String(skipped)} without digests or missing`,
          );
        }
        context.exitWith(interrupt.exitCode() ?? (differing + failed > 0 ? EXIT.failed : EXIT.ok));
      } catch (error) {
        const exitCode = interrupt.exitCode();
        if (exitCode === undefined) throw error;
        context.exitWith(exitCode);
      } finally {
        interrupt.release();
        await composed.close();
      }
    });
}
