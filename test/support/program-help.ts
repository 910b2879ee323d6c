import { runProgram } from './program.js';

/** A command, parsed from its own `--help`. */
export interface CommandHelp {
  /** `dogear`, `dogear library`, `dogear library add`. */
  readonly name: string;
  readonly commands: ReadonlyMap<string, CommandHelp>;
  /** Each spelling of each flag, and whether a value follows it. */
  readonly flags: ReadonlyMap<string, 'alone' | 'with-value'>;
  readonly leastArguments: number;
  readonly mostArguments: number;
}

/** Runs `--help` of the built program and of each of its commands. */
export async function programHelp(words: readonly string[] = []): Promise<CommandHelp> {
  const name = ['dogear', ...words].join(' ');
  const { stdout, stderr, exitCode } = await runProgram([...words, '--help']);
  if (exitCode !== 0 || !stdout.startsWith(`Usage: ${name} `)) {
    throw new Error(`${name} --help: exit code ${exitCode}, ${stdout}${stderr}`);
  }
  const commands = new Map<string, CommandHelp>();
  for (const entry of entries(stdout, 'Commands:')) {
    const [command = ''] = entry.split(/[ |]/);
    if (command !== 'help') commands.set(command, await programHelp([...words, command]));
  }
  const flags = new Map<string, 'alone' | 'with-value'>();
  for (const entry of entries(stdout, 'Options:')) {
    const kind = /[<[]/.test(entry) ? 'with-value' : 'alone';
    for (const [flag] of entry.matchAll(/(?<=^|, )--?[\w-]+/g)) flags.set(flag, kind);
  }
  const usage = (stdout.split('\n\n')[0] ?? '').replace(/\s+/g, ' ');
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
