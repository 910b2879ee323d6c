import { Command, Option } from 'commander';
import { terminalText } from '../domain/terminal-text.js';
import { COMMANDS } from './commands.js';
import { isTextArgument, pathArgument } from './path-argument.js';
import { shownPath } from './shown-text.js';
import { addSettingFlags } from './setting-flags.js';

/**
 * The whole command line. Commander prints help and mistakes of usage; errors are thrown, and the process goes on.
 *
 * @param exitWith takes the exit code of a command
 */
export function buildProgram(version: string, exitWith: (code: number) => void): Command {
  const program = new Command('dogear')
    .description(
      "Hashes large e-book libraries with KOReader's partial MD5 and keeps reading positions in sync.",
    )
    .version(version)
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
  for (const [name, { description }] of Object.entries(COMMANDS))
    program.command(name).description(description);
  addHelpCommand(program);
  return program.hook('preSubcommand', async (_program, command) => {
    const [fill, { commandContext }] = await Promise.all([
      COMMANDS[command.name()]?.load(),
      import('./context.js'),
    ]);
    fill?.(command, commandContext(version, exitWith));
  });
}

/** Commander's own knows only what is loaded already. */
function addHelpCommand(program: Command): void {
  program
    .helpCommand(false)
    .command('help')
    .argument('[command...]')
    .description('display help for a command')
    .action(async (words: readonly string[]) => {
      const [name = ''] = words;
      // Without --help commander refuses a name that is no command, and proposes another.
      const isCommand = name === '' || Object.hasOwn(COMMANDS, name);
      await program.parseAsync(isCommand ? [...words, '--help'] : [name], { from: 'user' });
    });
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
