import { writeSync } from 'node:fs';
import { terminalJson, terminalText } from '../domain/terminal-text.js';
import { EXIT } from './exit-code.js';
import { shownPath } from './shown-text.js';

/** Results go to standard output, everything else to standard error. Unsafe characters are escaped in all of them. */
export function writeLine(line: string): void {
  process.stdout.write(`${terminalText(line)}\n`);
}

/** @param line with its line feed; a file or a pipe gets the bytes, a terminal what is safe to show */
export function writeBytes(line: Buffer): void {
  process.stdout.write(process.stdout.isTTY ? `${shownPath(line.subarray(0, -1))}\n` : line);
}

export function writeJsonLine(value: unknown): void {
  process.stdout.write(`${terminalJson(JSON.stringify(value))}\n`);
}

/** Many lines of JSON. Resolves when there is room for more: whoever reads a pipe may be slow. */
export async function writeLines(lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  if (process.stdout.write(`${lines.map(terminalJson).join('\n')}\n`)) return;
  await new Promise<void>((resolve) => {
    process.stdout.once('drain', resolve);
  });
}

export function writeError(message: string): void {
  process.stderr.write(terminalText(`dogear: ${message}\n`));
}

export function writeNote(message: string): void {
  process.stderr.write(terminalText(`${message}\n`));
}

/** Waits until all output has left the process, so that none is lost when the process ends. */
export async function flushOutput(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(flush));
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

/**
 * Ends the process when its output cannot be written: without an error when the reader of a pipe closes it early
 * (`| head`), otherwise, as on a full disk, with the reason.
 */
export function endOnFailedOutput(): void {
  for (const [name, stream] of [
    ['standard output', process.stdout],
    ['standard error', process.stderr],
  ] as const) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT.ok);
      try {
        // Not through the stream, which might write only after the process has ended.
        writeSync(process.stderr.fd, `dogear: ${name} cannot be written: ${error.message}\n`);
      } catch {
        // Standard error cannot be written either.
      }
      process.exit(EXIT.failed);
    });
  }
}

/** For a command that serves: once it has no output any more, it goes on without. The log goes another way (compose/log.ts). */
export function goOnWithoutOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners('error').on('error', () => undefined);
  }
}
