import { accessSync, constants, createReadStream, statSync } from 'node:fs';
import type { Engine } from '../../engine/index.js';
import { hashPaths } from '../scan/hash-paths.js';
import { type DigestEntry, parseDigestLine } from './digest-line.js';
import { EXIT } from './exit-code.js';
import { writeError, writeLine } from './output.js';
import { shownPath } from './shown-text.js';

/** Lines that are checked together: enough to keep the workers busy, few enough to keep in memory. */
const CHECKED_AT_ONCE = 1024;
/** A path has at most 4,096 bytes, or twice as many when every byte is escaped. */
const LONGEST_LINE_BYTES = 16_384;

interface Tally {
  mismatched: number;
  unreadable: number;
  malformed: number;
  checked: number;
}

/**
 * Checks files against a list as `dogear hash` prints it. Prints `path: OK` or `path: FAILED` to standard output, and why
 * a file could not be read to standard error.
 *
 * @param list path of the list, or `-` for standard input
 * @returns the exit code: 0 only if every line was well formed and every file has its digest
 */
export async function checkDigests(
  engine: Engine,
  list: Buffer,
  filenames: boolean,
  signal: AbortSignal,
): Promise<number> {
  const tally: Tally = { mismatched: 0, unreadable: 0, malformed: 0, checked: 0 };
  if (!isStandardInput(list) && !isReadableFile(list)) {
    writeError(`${shownPath(list)}: there is no such file, or it may not be read`);
    return EXIT.failed;
  }
  let entries: DigestEntry[] = [];
  for await (const line of linesOfList(list)) {
    const entry = parseDigestLine(line);
    if (entry === undefined) tally.malformed++;
    else if (entries.push(entry) === CHECKED_AT_ONCE) {
      await checkEntries(engine, entries, filenames, signal, tally);
      entries = [];
    }
  }
  await checkEntries(engine, entries, filenames, signal, tally);
  warn(tally.malformed, 'is not a digest and a path', 'are not a digest and a path', 'line');
  warn(tally.unreadable, 'could not be read', 'could not be read', 'file');
  warn(tally.mismatched, 'has another digest', 'have other digests', 'file');
  if (tally.checked === 0) writeError(`${shownPath(list)}: no line with a digest and a path`);
  const failed = tally.malformed + tally.unreadable + tally.mismatched > 0 || tally.checked === 0;
  return failed ? EXIT.failed : EXIT.ok;
}

function isReadableFile(path: Buffer): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    return false; // not there, a link to itself, or below a folder that may not be entered
  }
}

async function checkEntries(
  engine: Engine,
  entries: readonly DigestEntry[],
  filenames: boolean,
  signal: AbortSignal,
  tally: Tally,
): Promise<void> {
  let index = 0;
  const paths = entries.map((entry) => entry.path);
  for await (const { path, outcome } of hashPaths(engine, paths, { signal, foldersAreFailures: true })) {
    const expected = entries[index++]?.digest;
    tally.checked++;
    if (outcome.state === 'failed') {
      tally.unreadable++;
      writeError(`${shownPath(path)}: ${outcome.message}`);
      writeLine(`${shownPath(path)}: FAILED open or read`);
    } else if ((filenames ? outcome.filenameMd5 : outcome.partialMd5).toString('hex') === expected) {
      writeLine(`${shownPath(path)}: OK`);
    } else {
      tally.mismatched++;
      writeLine(`${shownPath(path)}: FAILED`);
    }
  }
}

function warn(count: number, one: string, many: string, what: string): void {
  if (count > 0) writeError(`${String(count)} ${what}${count === 1 ? '' : 's'} ${count === 1 ? one : many}`);
}

function isStandardInput(list: Buffer): boolean {
  return list.toString('latin1') === '-';
}

async function* linesOfList(list: Buffer): AsyncGenerator<Buffer> {
  const stream: AsyncIterable<Buffer> = isStandardInput(list) ? process.stdin : createReadStream(list);
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    let data = Buffer.concat([rest, chunk]);
    for (let end = data.indexOf(0x0a); end !== -1; end = data.indexOf(0x0a)) {
      if (end > 0) yield data.subarray(0, end);
      data = data.subarray(end + 1);
    }
    rest = Buffer.from(data);
    if (rest.length > LONGEST_LINE_BYTES) {
      yield rest;
      rest = Buffer.alloc(0);
    }
  }
  if (rest.length > 0) yield rest;
}
