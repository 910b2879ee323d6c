import { isatty } from 'node:tty';
import { pino, type Logger } from 'pino';
import type { Configuration } from '../../config/schema.js';
import { terminalJson, terminalText } from '../domain/terminal-text.js';

/** What waits while the log cannot be written, as on a full disk: some thousand lines. Further ones are dropped. */
const WAITING_BYTES = 1024 * 1024;

/** In a thread `process.stderr` has no descriptor, and pino would write to standard output. */
const STANDARD_ERROR = 2;

/** The log of the program, on standard error. Standard output is for results. */
export async function createLogger({ level, format }: Configuration['log']): Promise<Logger> {
  const isTerminal = isatty(STANDARD_ERROR);
  const destination = pino.destination({ fd: STANDARD_ERROR, sync: true, maxLength: WAITING_BYTES });
  // A log that cannot be written must not end the server. What waits is written together with a later line.
  destination.on('error', () => undefined);
  let dropped = 0;
  destination.on('drop', () => {
    dropped++;
    // A line that is dropped does not try to write those that wait. This does.
    destination.write('');
  });
  const isText = format === 'text' || (format === 'auto' && isTerminal);
  const shown = isText ? await textFormat(isTerminal) : terminalJson;
  const log = pino({ level }, { write: (line) => void destination.write(shown(line)) });
  destination.on('drain', () => {
    if (dropped === 0) return;
    log.error({ lines: dropped }, 'lines of the log were dropped, because it could not be written');
    dropped = 0;
  });
  return log;
}

/** Loads what it takes only where it is used: a server in a container writes JSON. */
async function textFormat(isTerminal: boolean): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  const toText = prettyFactory({ colorize: isTerminal, ignore: 'pid,hostname' });
  return (line) => toText(JSON.parse(line, safe));
}

function safe(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? terminalText(value) : value;
}
