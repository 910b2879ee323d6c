import type { Command } from 'commander';
import { COMMANDS } from '../../server/cli/commands.js';
import { buildProgram } from '../../server/cli/program.js';

/** A command, parsed from what its `--help` prints. */
export interface CommandHelp {
  /** `dogear`, `dogear library`, `dogear library add`. */
  readonly name: string;
  readonly commands: ReadonlyMap<string, CommandHelp>;
  /** Each spelling of each flag, and whether a value follows it. */
  readonly flags: ReadonlyMap<string, 'alone' | 'with-value'>;
  readonly leastArguments: number;
  readonly mostArguments: number;
}

/** The whole command line. It is not run: a process for each of its commands takes half a minute. */
export async function programHelp(): Promise<CommandHelp> {
  const program = buildProgram('', () => undefined);
  const context = { version: '', loaded: isNotRun, configuration: isNotRun, exitWith: () => undefined };
  for (const command of program.commands) (await COMMANDS[command.name()]?.load())?.(command, context);
  return helpOf(program, 'dogear');
}

function isNotRun(): never {
  throw new Error('only the help is read');
}

function helpOf(command: Command, name: string): CommandHelp {
  const help = command.helpInformation();
  if (!help.startsWith(`Usage: ${name} `)) throw new Error(`${name} --help: ${help}`);
  const commands = new Map<string, CommandHelp>();
  for (const each of command.createHelp().visibleCommands(command)) {
    if (each.name() !== 'help') commands.set(each.name(), helpOf(each, `${name} ${each.name()}`));
  }
  const flags = new Map<string, 'alone' | 'with-value'>();
  for (const entry of entries(help, 'Options:')) {
    const kind = /[<[]/.test(entry) ? 'with-value' : 'alone';
    for (const [flag] of entry.matchAll(/(?<=^|, )--?[\w-]+/g)) flags.set(flag, kind);
  }
  const usage = (help.split('\n\n')[0] ?? '').replace(/\s+/g, ' ');
  const required = [...usage.matchAll(/ <[\w-]+(?:\.\.\.)?>/g)].length;
  const optional = [...usage.matchAll(/ \[[\w-]+(?:\.\.\.)?\]/g)].filter(
    ([word]) => !/options|command/.test(word),
  ).length;
  const isOpen = usage.includes('...');
  return {
    name,
    commands,
    flags,
    leastArguments: required,
    mostArguments: isOpen ? Infinity : required + optional,
  };
}

/** The first column of a section's entries: lines with two leading spaces. Continued descriptions have more. */
function entries(help: string, heading: string): readonly string[] {
  const section = help.split('\n\n').find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return section
    .split('\n')
    .slice(1)
    .filter((line) => /^ {2}\S/.test(line))
    .map((line) => (line.trim().split(/ {2,}/)[0] ?? '').trim());
}
