import { type Command, CommanderError } from 'commander';
import { ConfigurationError } from '../../config/configuration-problem.js';
import { loadConfiguration, type LoadedConfiguration } from '../../config/load.js';
import { DogearError } from '../domain/dogear-error.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { messageWithHint } from './hints.js';
import { operatorMessage } from '../compose/operator-error.js';
import { packageVersion } from '../compose/version.js';
import { InterruptError } from './interrupt.js';
import { endOnFailedOutput, flushOutput, writeError } from './output.js';
import { buildProgram, type GlobalFlags } from './program.js';
import { withRawBytes } from './path-argument.js';
import { settingFlags } from './setting-flags.js';

/**
 * Runs one command line to its end.
 *
 * @param argv as `process.argv`: node, script, arguments
 * @returns the exit code
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  endOnFailedOutput();
  let exitCode: number = EXIT.ok;
  const context: CommandContext = {
    version: packageVersion(),
    loaded,
    configuration: (command) => loaded(command).configuration,
    exitWith: (code) => {
      exitCode = code;
    },
  };
  const program = buildProgram(context);
  try {
    await program.parseAsync(withRawBytes(argv));
  } catch (error) {
    exitCode = report(error);
  }
  await flushOutput();
  return exitCode;
}

function loaded(command: Command): LoadedConfiguration {
  const flags = command.optsWithGlobals<GlobalFlags>();
  return loadConfiguration({
    ...(flags.config === undefined ? {} : { configFile: flags.config }),
    flags: settingFlags(flags, flags.set),
  });
}

/** Prints the error. @returns the exit code */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has printed the help, the version, or what is wrong with the command line.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  if (error instanceof ConfigurationError) {
    writeError(error.message);
    return EXIT.usage;
  }
  if (error instanceof InterruptError) {
    writeError('Stopped. Nothing was changed.');
    return EXIT.interrupted;
  }
  writeError(reportedText(error));
  return EXIT.failed;
}

function reportedText(error: unknown): string {
  if (error instanceof DogearError) return messageWithHint(error);
  // Without one it is a defect of the program: the stack says where.
  return operatorMessage(error) ?? stackOf(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
