import { type Command, InvalidArgumentError } from 'commander';
import { verifyLibrary, type VerifyFinding } from '../book/verify-library.js';
import { verifyWholeFiles } from '../book/verify-whole-files.js';
import { composeProgram } from '../compose/program.js';
import { getLibraryByName } from '../library/get-library.js';
import { parseDays } from './days-argument.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { listenForInterrupt } from './interrupt.js';
import { writeJsonLine, writeLine } from './output.js';
import { jsonPath, shownPath } from './shown-text.js';

interface VerifyFlags {
  readonly full?: true;
  readonly store?: true;
  readonly olderThan: number;
  readonly rate?: number;
  readonly json?: true;
}

export function fillVerifyCommand(verify: Command, context: CommandContext): void {
  verify
    .argument('<library>', 'name of the library')
    .option('--full', 'read whole files, and compare them with the SHA-256 that --store has stored earlier')
    .option('--store', 'with --full: store the SHA-256 of files that have none yet, or were changed since')
    .option(
      '--older-than <days>',
      'with --full: leave out files that --store has found right within so many days, such as 30d; so a run that was ' +
        'stopped goes on',
      parseDays,
      0,
    )
    .option('--rate <megabytes>', 'with --full: read no more than this a second', parseRate)
    .option('--json', 'one JSON object a line: findings, summary')
    .action(async (name: string, flags: VerifyFlags, command: Command) => {
      const isFull = flags.full === true;
      if (!isFull && (flags.store === true || flags.olderThan > 0 || flags.rate !== undefined)) {
        command.error('error: --store, --older-than and --rate need --full');
      }
      const composed = await composeProgram(context.configuration(command), () => undefined);
      const interrupt = listenForInterrupt();
      const { signal } = interrupt;
      const onFinding = (finding: VerifyFinding): void => writeFinding(finding, flags);
      try {
        const library = await getLibraryByName(composed.store, name);
        const counts = isFull
          ? await verifyWholeFiles(composed.store, library, {
              signal,
              onFinding,
              stores: flags.store === true,
              notCheckedForDays: flags.olderThan,
              bytesPerSecond: flags.rate === undefined ? undefined : flags.rate * 1e6,
            })
          : await verifyLibrary(composed, library, { signal, onFinding });
        if (flags.json === true) writeJsonLine({ event: 'summary', library: name, ...counts });
        else {
          const { verified, differing, changed, failed, skipped } = counts;
          const [right, left] =
            'unknown' in counts
              ? [
                  `as stored, ${String(counts.unknown)} ${flags.store === true ? 'stored now' : 'without a stored hash (--store stores it)'}`,
                  'missing or left out',
                ]
              : ['as catalogued', 'without digests or missing'];
          writeLine(
            `${name}: ${String(verified)} ${right}, ${String(differing)} differ, ${String(changed)} changed since ` +
              `the last scan, ${String(failed)} failed, ${String(skipped)} ${left}`,
          );
        }
        context.exitWith(
          interrupt.exitCode() ?? (counts.differing + counts.failed > 0 ? EXIT.failed : EXIT.ok),
        );
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

function writeFinding(finding: VerifyFinding, { json, full }: VerifyFlags): void {
  const { state, path } = finding;
  const detail =
    state === 'differs'
      ? { stored: finding.stored.toString('hex'), found: finding.found.toString('hex') }
      : { code: finding.code, message: finding.message };
  if (json === true) writeJsonLine({ event: state, ...jsonPath(path), ...detail });
  else if (state === 'failed') writeLine(`failed: ${shownPath(path)}: ${finding.message}`);
  else {
    writeLine(
      `differs: ${shownPath(path)}: its size and time are those of the catalogue, but its ` +
        `${full === true ? 'SHA-256' : 'digest'} is ${String(detail.found)} instead of ${String(detail.stored)}`,
    );
  }
}

const MOST_MEGABYTES = 100_000;

function parseRate(value: string): number {
  const megabytes = Number(/^\d{1,6}(\.\d{1,3})?$/.exec(value)?.[0] ?? NaN);
  if (megabytes > 0 && megabytes <= MOST_MEGABYTES) return megabytes;
  throw new InvalidArgumentError(
    `Expected megabytes a second, such as 50, at most ${String(MOST_MEGABYTES)}.`,
  );
}
