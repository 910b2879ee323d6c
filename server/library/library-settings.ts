import { realpath, stat } from 'node:fs/promises';
import { isSlowPattern } from '../../engine/index.js';
import { DogearError } from '../domain/dogear-error.js';
import { isShownName } from '../domain/single-line.js';
import { type FileRules, LIBRARY_NAME_CHARACTERS } from './library.js';

const EXTENSION = /^[a-z0-9]+(\.[a-z0-9]+)?$/;

/** @returns the name without white space at its ends. @throws DogearError `library-invalid` */
export function checkedName(name: string): string {
  const trimmed = name.trim();
  if (isShownName(trimmed, LIBRARY_NAME_CHARACTERS)) return trimmed;
  throw new DogearError(
    'library-invalid',
    `A library's name has 1 to ${String(LIBRARY_NAME_CHARACTERS)} characters, and no line breaks or control characters.`,
  );
}

/**
 * Checks file extensions and brings them into the form in which they are stored.
 *
 * @returns the extensions in lower case, without leading dots, sorted, each once
 * @throws DogearError `library-invalid` for a malformed extension, or if there is none
 */
export function checkedExtensions(extensions: readonly string[]): readonly string[] {
  const normalised = extensions.map((extension) => extension.trim().toLowerCase().replace(/^\./, ''));
  const wrong = normalised.filter((extension) => !EXTENSION.test(extension));
  if (wrong.length > 0 || normalised.length === 0) {
    throw new DogearError(
      'library-invalid',
      `"${wrong.join('", "')}" is not a file extension. Write extensions like epub,pdf,fb2.zip.`,
    );
  }
  return [...new Set(normalised)].toSorted();
}

/** Every path of a walk is compared with each of them. */
const MOST_PATTERNS = 100;
const PATTERN_CHARACTERS = 500;

/** @returns the rules, patterns without empty lines. @throws DogearError `library-invalid` for a bad pattern */
export function checkedFileRules<Rules extends Partial<FileRules>>(rules: Rules): Rules {
  const { ignorePatterns } = rules;
  if (ignorePatterns === undefined) return rules;
  const lines = ignorePatterns.filter((line) => line.trim() !== '');
  if (lines.length > MOST_PATTERNS || lines.some((line) => !isShownName(line, PATTERN_CHARACTERS))) {
    throw new DogearError(
      'library-invalid',
      `A library has at most ${String(MOST_PATTERNS)} patterns of ${String(PATTERN_CHARACTERS)} characters, each on ` +
        'one line. More fit into a file .dogearignore in its folder.',
    );
  }
  const slow = lines.find((line) => isSlowPattern(line));
  if (slow !== undefined) {
    throw new DogearError(
      'library-invalid',
      `The pattern "${slow}" takes too long: it may have one "**" only, and another at its end. Write two patterns, or ` +
        'name the folders between.',
    );
  }
  return { ...rules, ignorePatterns: lines };
}

/**
 * Resolves the root of a library. Symbolic links are resolved, so that two paths to one folder do not become two
 * libraries. Asynchronous, because a network share that does not answer would block the server otherwise.
 *
 * @param folder a path, absolute or relative to the working directory
 * @returns the absolute path, in the bytes of the file system
 *
 * @throws DogearError `root-missing`, `root-not-a-folder`
 */
export async function rootFolder(folder: Buffer | string): Promise<Buffer> {
  let real: Buffer;
  try {
    real = await realpath(Buffer.from(folder), 'buffer');
  } catch (cause) {
    throw new DogearError(
      'root-missing',
      `The folder ${folder.toString()} does not exist or cannot be read.`,
      cause,
    );
  }
  if (!(await stat(real)).isDirectory()) {
    throw new DogearError('root-not-a-folder', `${folder.toString()} is not a folder.`);
  }
  return real;
}
