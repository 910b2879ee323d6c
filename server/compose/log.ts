import { pino, type Logger } from 'pino';
import pinoPretty from 'pino-pretty';
import type { Configuration } from '../../config/schema.js';

const STANDARD_ERROR = 2;

/** The log of the program, on standard error. Standard output is for results. */
export function createLogger({ level, format }: Configuration['log']): Logger {
  const isText = format === 'text' || (format === 'auto' && process.stderr.isTTY);
  const stream = isText
    ? pinoPretty({ destination: process.stderr, colorize: process.stderr.isTTY, ignore: 'pid,hostname' })
    : // In a thread `process.stderr` has no descriptor, and pino would write to standard output.
      pino.destination({ fd: STANDARD_ERROR, sync: true });
  return pino({ level }, stream);
}
