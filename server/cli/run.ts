import { CommanderError } from 'commander';
import { ConfigurationError } from '../../config/configuration-problem.js';
import { DogearError } from '../domain/dogear-error.js';
import { EXIT } from './exit-code.js';
import { boundHeapGrowth } from './heap-growth.js';
import { messageWithHint } from './hints.js';
import { packageVersion } from '../compose/version.js';
import { InterruptError } from './interrupt.js';
import { endOnFailedOutput, flushOutput, writeError } from './output.js';
import { buildProgram } from './program.js';
import { withRawBytes } from './path-argument.js';

/**
 * Runs one command line to its end.
 *
 * @param argv as `process.argv`: node, script, arguments
 * @returns the exit code
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  boundHeapGrowth();
  endOnFailedOutput();
  let exitCode: number = EXIT.ok;
  const program = buildProgram(packageVersion(), (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(withRawBytes(argv));
  } catch (error) {
    exitCode = await report(error);
  }
  await flushOutput();
  return exitCode;
}

/** Prints the error. @returns the exit code */
async function report(error: unknown): Promise<number> {
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
  writeError(await reportedText(error));
  return EXIT.failed;
}

async function reportedText(error: unknown): Promise<string> {
  if (error instanceof DogearError) return messageWithHint(error);
  // Without one it is a defect of the program: the stack says where.
  const { operatorMessage } = await import('../compose/operator-error.js');
  return operatorMessage(error) ?? stackOf(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
