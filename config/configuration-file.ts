import { type Stats, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ConfigurationProblem } from './configuration-problem.js';
import { CONFIG_VARIABLE, type Environment } from './text-settings.js';

/** Read from the working folder when no file is named. */
const DEFAULT_NAME = 'dogear.yaml';
/** Some hundred times the size of a file with every setting. A longer file was named by mistake. */
const MAX_FILE_BYTES = 1024 * 1024;

export type ConfigurationFile =
  | { readonly state: 'none' }
  | { readonly state: 'read'; readonly name: string; readonly folder: string; readonly text: string }
  | { readonly state: 'failed'; readonly problem: ConfigurationProblem };

/** Reads the file that the flag names, else the one that the environment names, else `dogear.yaml` if it exists. */
export function readConfigurationFile(
  flagged: string | undefined,
  environment: Environment,
  workingFolder: string,
): ConfigurationFile {
  const named = flagged ?? (environment[CONFIG_VARIABLE] === '' ? undefined : environment[CONFIG_VARIABLE]);
  const name = named ?? DEFAULT_NAME;
  const path = resolve(workingFolder, name);
  const fail = (expected: string): ConfigurationFile => ({
    state: 'failed',
    problem: {
      code: 'file-unreadable',
      origin: { source: 'file', file: name, line: 1, column: 1 },
      expected,
    },
  });
  const file = readSmallFile(path, MAX_FILE_BYTES);
  if (file.state === 'read') return { state: 'read', name, folder: dirname(path), text: file.text };
  return file.isMissing && named === undefined ? { state: 'none' } : fail(file.expected);
}

export type SmallFile =
  | { readonly state: 'read'; readonly text: string }
  | { readonly state: 'failed'; readonly isMissing: boolean; readonly expected: string };

/** Reads a text file of at most `maxBytes`. */
export function readSmallFile(path: string, maxBytes: number): SmallFile {
  const fail = (expected: string, isMissing = false): SmallFile => ({ state: 'failed', isMissing, expected });
  let bytes: Buffer;
  try {
    const stats: Stats | undefined = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return fail('a file that exists', true);
    if (!stats.isFile()) return fail('a file');
    if (stats.size > maxBytes) return fail(`a file of at most ${maxBytes} bytes`);
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return fail(`a file that can be read${code}`);
  }
  try {
    return { state: 'read', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return fail('text in UTF-8');
  }
}
