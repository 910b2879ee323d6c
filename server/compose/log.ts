import { pino, type Logger } from 'pino';
import pinoPretty from 'pino-pretty';
import type { Configuration } from '../../config/schema.js';

/** The log of the program, on standard error. Standard output is for results. */
export function createLogger({ level, format }: Configuration['log']): Logger {
  const isText = format === 'text' || (format === 'auto' && process.stderr.isTTY);
  const stream = isText
    ? pinoPretty({ destination: process.stderr, colorize: process.stderr.isTTY, ignore: 'pid,hostname' })
    : pino.destination({ fd: process.stderr.fd, sync: true });
  return pino({ level }, stream);
}
