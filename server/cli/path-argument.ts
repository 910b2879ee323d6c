import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

/**
 * Arguments are bytes, but Node.js decodes them as UTF-8 and loses what is none. In such an argument each byte above
 * ASCII becomes one of these code units: lone surrogates, which no valid text has. Python calls that "surrogateescape".
 */
const ESCAPED_BYTES = 0xdc00;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The arguments of this process, with those that are not UTF-8 escaped so that {@link pathArgument} finds their bytes.
 *
 * @param argv as `process.argv`
 * @param commandLine what Linux keeps of the arguments, each ended by a zero byte; `undefined` on other systems, where
 *   the arguments stay as they are
 */
export function withRawBytes(argv: readonly string[], commandLine = readCommandLine()): readonly string[] {
  // It also holds the options of Node.js itself, which come first and are not in `argv`.
  const raw = commandLine === undefined ? [] : splitAtZeros(commandLine).slice(-argv.length);
  return argv.map((text, index) => {
    const bytes = raw[index];
    // The path of the script, in `argv`, is not the one that was typed.
    if (bytes === undefined || isUtf8(bytes) || bytes.toString() !== text) return text;
    return escapedText(bytes);
  });
}

/** The bytes of an argument, for paths. */
export function pathArgument(text: string): Buffer {
  if (!LONE_SURROGATE.test(text)) return Buffer.from(text);
  return Buffer.from(Array.from(text, (character) => character.charCodeAt(0) & 0xff));
}

/** The same for each of several arguments: a parser for Commander. */
export function pathArguments(text: string, before: Buffer[] | undefined): Buffer[] {
  const paths = before ?? [];
  paths.push(pathArgument(text));
  return paths;
}

/** Whether an argument is UTF-8, as everything but paths has to be. */
export function isTextArgument(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

function escapedText(bytes: Buffer): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : ESCAPED_BYTES + byte)).join('');
}

function splitAtZeros(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const zero = bytes.indexOf(0, start);
    // A process that overwrites its title leaves no zero byte at the end.
    const end = zero === -1 ? bytes.length : zero;
    parts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return parts;
}

function readCommandLine(): Buffer | undefined {
  try {
    return readFileSync('/proc/self/cmdline');
  } catch {
    return undefined;
  }
}
