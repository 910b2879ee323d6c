import { type Command, InvalidArgumentError } from 'commander';
import { getLibrariesByName } from '../library/get-library.js';
import { errorMessage } from '../domain/error-text.js';
import { composeProgram } from '../compose/program.js';
import { NOT_ADOPTED } from '../sync/adopt-unmatched.js';
import type { ScanShard } from '../scan/scan.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { listenForInterrupt } from './interrupt.js';
import { writeError } from './output.js';
import { scanLibraries } from './scan-libraries.js';

interface ScanFlags {
  readonly regenHashes?: true;
  readonly shard?: ScanShard;
  readonly json?: true;
}

export function fillScanCommand(scan: Command, context: CommandContext): void {
  scan
    .argument('[library...]', 'names of libraries (default: all)')
    .option('--regen-hashes', 'hash every book again')
    .option(
      '--shard <i/n>',
      'scan only part I of N, split by folder, so that N machines share a library',
      parseShard,
    )
    .option('--json', 'one JSON object a line: progress, failures, summary')
    .action(async (names: string[], flags: ScanFlags, command: Command) => {
      const composed = await composeProgram(context.configuration(command), (error) => {
        writeError(`${NOT_ADOPTED}: ${errorMessage(error)}`);
      });
      const interrupt = listenForInterrupt();
      try {
        const libraries = await getLibrariesByName(composed.store, names);
        if (libraries.length === 0) {
          writeError('there is no library yet; add one with "dogear library add NAME ROOT".');
          context.exitWith(EXIT.failed);
          return;
        }
        const exitCode = await scanLibraries(composed.scan, libraries, {
          regenHashes: flags.regenHashes === true,
          json: flags.json === true,
          signal: interrupt.signal,
          ...(flags.shard === undefined ? {} : { shard: flags.shard }),
        });
        context.exitWith(interrupt.exitCode() ?? exitCode);
      } finally {
        interrupt.release();
        await composed.close();
      }
    });
}

/** More parts gain nothing: each of them lists every folder. */
const MOST_SHARDS = 1000;

function parseShard(value: string): ScanShard {
  const match = /^(\d{1,4})\/(\d{1,4})$/.exec(value);
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (match === null || index < 1 || count < 1 || index > count || count > MOST_SHARDS) {
    throw new InvalidArgumentError('Expected I/N with 1 <= I <= N <= 1000, for example 1/4.');
  }
  return { index, count };
}
