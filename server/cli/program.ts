import { Command, Option } from 'commander';
import { terminalText } from '../domain/terminal-text.js';
import type { CommandContext } from './context.js';
import { addBookCommand } from './book-command.js';
import { addConfigCommand } from './config-command.js';
import { addConsoleCommand } from './console-command.js';
import { addDeviceCommand } from './device-command.js';
import { addDoctorCommand } from './doctor-command.js';
import { addDuplicatesCommand } from './duplicates-command.js';
import { addHashCommand } from './hash-command.js';
import { addKeyCommand } from './key-command.js';
import { addLibraryCommand } from './library-command.js';
import { addMigrateCommand } from './migrate-command.js';
import { addProgressCommand } from './progress-command.js';
import { isTextArgument, pathArgument } from './path-argument.js';
import { addScanCommand } from './scan-command.js';
import { addServeCommand } from './serve-command.js';
import { addTranslateCommand } from './translate-command.js';
import { shownPath } from './shown-text.js';
import { addSettingFlags } from './setting-flags.js';
import { addUnmatchedCommand } from './unmatched-command.js';
import { addUpCommand } from './up-command.js';
import { addUserCommand } from './user-command.js';
import { addVerifyCommand } from './verify-command.js';
import { addWhyCommand } from './why-command.js';

/** Options that may be given before or after any command. */
export interface GlobalFlags {
  readonly config?: string;
  readonly set: readonly string[];
  readonly [flag: string]: unknown;
}

/** The whole command line. Commander prints help and mistakes of usage; errors are thrown, and the process goes on. */
export function buildProgram(context: CommandContext): Command {
  const program = new Command('dogear')
    .description(
      "Hashes large e-book libraries with KOReader's partial MD5 and keeps reading positions in sync.",
    )
    .version(context.version)
    .option('--config <file>', 'configuration file (default: ./dogear.yaml, if there is one)')
    .addOption(
      new Option('--set <path=value>', 'any setting, for example --set engine.jobs=8; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .configureOutput({
      writeOut: (text) => void process.stdout.write(terminalText(text)),
      writeErr: (text) => void process.stderr.write(terminalText(text)),
    })
    .showHelpAfterError('(dogear --help lists the commands, dogear COMMAND --help its options)')
    .exitOverride()
    .hook('preAction', (_program, command) => refuseBytes(command));
  addSettingFlags(program, ['--database', '--jobs']);
  addUpCommand(program, context);
  addServeCommand(program, context);
  addConsoleCommand(program, context);
  addScanCommand(program, context);
  addVerifyCommand(program, context);
  addDuplicatesCommand(program, context);
  addLibraryCommand(program, context);
  addUserCommand(program, context);
  addKeyCommand(program, context);
  addDeviceCommand(program, context);
  addProgressCommand(program, context);
  addUnmatchedCommand(program, context);
  addBookCommand(program, context);
  addWhyCommand(program, context);
  addHashCommand(program, context);
  addTranslateCommand(program, context);
  addMigrateCommand(program, context);
  addConfigCommand(program, context);
  addDoctorCommand(program, context);
  return program;
}

/** Names and settings are text. Arguments that are paths are buffers by now. */
function refuseBytes(command: Command): void {
  const values: unknown[] = [...command.processedArgs, ...Object.values(command.optsWithGlobals())].flat();
  for (const value of values) {
    if (typeof value !== 'string' || isTextArgument(value)) continue;
    command.error(
      `error: the argument ${shownPath(pathArgument(value))} is not UTF-8. Only paths of books may be that.`,
    );
  }
}

function collect(value: string, values: readonly string[]): readonly string[] {
  return [...values, value];
}
