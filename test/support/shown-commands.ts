import type { CommandHelp } from './program-help.js';

/** A command that a document shows, in a code block or in backticks. */
export interface ShownCommand {
  readonly text: string;
  /** Names of the environment variables that are set before the command. */
  readonly environment: readonly string[];
  readonly words: readonly string[];
  /** Whether it must be complete. In backticks a command may be named without its arguments. */
  readonly isWhole: boolean;
}

/** The commands in a document: in code blocks of the shell, in unit files of systemd, and in backticks. */
export function shownCommands(markdown: string): readonly ShownCommand[] {
  const whole = codeBlocks(markdown, /^(?:sh|bash|shell|console|)$/).flatMap((block) =>
    block.replace(/\\\n\s*/g, ' ').split('\n'),
  );
  const units = codeBlocks(markdown, /^ini$/).flatMap((block) =>
    [...block.matchAll(/^ExecStart=(.*)$/gm)].map((match) => match[1] ?? ''),
  );
  return [
    ...[...whole, ...units].flatMap((line) => commandsOf(line, true)),
    ...inlineCode(markdown).flatMap((code) => commandsOf(code, false)),
  ];
}

/** The contents of the code blocks whose language matches. A block without a language has the language ''. */
export function codeBlocks(markdown: string, language: RegExp): readonly string[] {
  return [...markdown.matchAll(/^```([\w-]*)\n([^]*?)^```$/gm)].flatMap((match) =>
    language.test(match[1] ?? '') ? [match[2] ?? ''] : [],
  );
}

/** The texts in backticks outside of code blocks. */
export function inlineCode(markdown: string): readonly string[] {
  const text = markdown.replace(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
}

function commandsOf(line: string, isWhole: boolean): readonly ShownCommand[] {
  const code = line.replace(/^\s*\$ /, '').replace(/(?:^|\s)#.*$/, '');
  return code.split(/&&|\|\||[|;&]/).flatMap((text) => {
    const words = text
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '');
    const start = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
    if (start < 0) return [];
    const environment = words.slice(0, start).map((word) => word.split('=')[0] ?? '');
    return [{ text: text.trim(), environment, words: words.slice(start), isWhole }];
  });
}

/** The arguments of a command that runs Dogear; `undefined` for other commands. */
export function dogearArguments({ words }: ShownCommand): readonly string[] | undefined {
  const [first = '', second = '', ...rest] = words;
  if (/^(?:.*\/)?dogear$/.test(first)) return words.slice(1);
  if (/^(?:.*\/)?node$/.test(first)) {
    const program = words.findIndex((word) => word.endsWith('dist/server/main.js'));
    return program < 0 ? undefined : words.slice(program + 1);
  }
  if (first === 'npx' && second === 'dogear') return rest;
  if (first === 'npm' && second === 'start') return ['up', ...rest.filter((word) => word !== '--')];
  return undefined;
}

/** Why the program would refuse the arguments, by its own help; `undefined` when it accepts them. */
export function argumentProblem(
  program: CommandHelp,
  typed: readonly string[],
  isWhole: boolean,
): string | undefined {
  const words = typed.map((word) => word.replace(/^\[|\]$/g, '')).filter((word) => word !== '');
  let command = program;
  const flags = new Map(program.flags);
  let argumentCount = 0;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (/^--?\w/.test(word)) {
      const [flag = '', value] = word.split('=');
      const kind = flags.get(flag);
      if (kind === undefined) return `${command.name} has no flag ${flag}`;
      if (kind === 'with-value' && value === undefined) index++;
    } else if (command.commands.size > 0) {
      const inner = command.commands.get(word);
      if (inner === undefined) return `${command.name} has no command ${word}`;
      command = inner;
      for (const [flag, kind] of inner.flags) flags.set(flag, kind);
    } else {
      argumentCount++;
    }
  }
  if (argumentCount > command.mostArguments) return `${command.name} takes fewer arguments`;
  if (!isWhole) return undefined;
  const asksForHelp = words.some((word) => ['--help', '-h', '--version', '-V'].includes(word));
  if (command.commands.size > 0 && !asksForHelp) return `${command.name} needs a command`;
  return argumentCount < command.leastArguments && !asksForHelp
    ? `${command.name} needs more arguments`
    : undefined;
}

/** The full names of all commands that have no commands below them: `dogear library add`. */
export function commandNames(program: CommandHelp): readonly string[] {
  if (program.commands.size === 0) return [program.name];
  return [...program.commands.values()].flatMap(commandNames);
}
