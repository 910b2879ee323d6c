import { parseArgs } from 'node:util';
import { DATABASE_KINDS, type DatabaseKind } from '../bench-databases.js';
import { namesOf } from '../served/name-lists.js';

export interface ConsoleArguments {
  readonly databases: readonly DatabaseKind[];
  /** Of each side of a round. */
  readonly seconds: number;
  /** Also how often each page is loaded. */
  readonly rounds: number;
  readonly consoles: number;
  /** Requests of readers a second; 0: as many as the server answers. */
  readonly rate: number;
}

export const CONSOLE_USAGE = `usage: npm run bench:console -- [OPTION...]

  --seconds N          of each side of a round: without consoles, and with them (default: 6)
  --rounds N           of readers' requests, and loads of each page (default: 6)
  --consoles N         browsers that have the first page open (default: 10)
  --rate N             requests of readers a second; 0: as many as the server answers (default: 1000)
  --databases LIST     ${DATABASE_KINDS.join(',')} (default: both)
`;

/** @throws Error whose message says what is wrong with the arguments */
export function parseConsoleArguments(args: readonly string[]): ConsoleArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '6' },
      rounds: { type: 'string', default: '6' },
      consoles: { type: 'string', default: '10' },
      rate: { type: 'string', default: '1000' },
      databases: { type: 'string', default: DATABASE_KINDS.join(',') },
    },
  });
  return {
    databases: namesOf('--databases', values.databases, DATABASE_KINDS),
    seconds: wholeFrom(1, '--seconds', values.seconds),
    rounds: wholeFrom(1, '--rounds', values.rounds),
    consoles: wholeFrom(1, '--consoles', values.consoles),
    rate: wholeFrom(0, '--rate', values.rate),
  };
}

function wholeFrom(least: number, flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`${flag} takes a whole number from ${String(least)} on`);
}
