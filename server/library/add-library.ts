import path from 'node:path';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { DogearError } from '../domain/dogear-error.js';
import { asShownName } from '../domain/single-line.js';
import { type FileRules, type Library, LIBRARY_NAME_CHARACTERS, NEW_FILE_RULES } from './library.js';
import { setRestricted } from './library-reader-repository.js';
import { allLibraries, findLibraryByName, insertLibrary } from './library-repository.js';
import { checkedExtensions, checkedFileRules, checkedName, rootFolder } from './library-settings.js';

export interface LibraryRequest {
  readonly name: string;
  /** A path, absolute or relative to the working directory. Symbolic links are resolved before it is stored. */
  readonly root: Buffer | string;
  /** With or without a leading dot, in any case. `undefined`: every extension that KOReader opens. */
  readonly extensions?: readonly string[] | undefined;
  /** `false`: books are catalogued without digests. Default: `true`. */
  readonly koreaderHashes?: boolean | undefined;
  /** Those that are left out are as in {@link NEW_FILE_RULES}. */
  readonly fileRules?: Partial<FileRules> | undefined;
  /** `true`: only its readers may see it, from the first moment on. Default: `false`. */
  readonly isRestricted?: boolean | undefined;
}

/**
 * Adds a library. It has no books before its first scan. Permissions are not checked here.
 *
 * @throws DogearError `library-exists` when the name is taken; `library-invalid` for a bad name, extension or pattern;
 *   `root-missing`, `root-not-a-folder`
 */
export async function addLibrary(store: Store, request: LibraryRequest): Promise<Library> {
  const root = await rootFolder(request.root);
  const row = {
    name: checkedName(request.name),
    root,
    extensions: request.extensions === undefined ? undefined : checkedExtensions(request.extensions),
    koreaderHashes: request.koreaderHashes ?? true,
    fileRules: checkedFileRules({ ...NEW_FILE_RULES, ...request.fileRules }),
  };
  let made: Library | undefined;
  // One transaction: a library whose restriction could not be written must not stay, visible to everybody.
  return inTransaction(store, async (transaction) => {
    const added = await insertLibrary(transaction, row);
    if (added === undefined) {
      const known = await findLibraryByName(transaction, row.name);
      // The transaction is run again because the answer to its commit was lost. The library has been added already.
      if (made !== undefined && known?.id === made.id && known.root.equals(root)) return made;
      throw new DogearError('library-exists', `There is a library "${row.name}" already.`);
    }
    if (request.isRestricted === true) await setRestricted(transaction, added.id, true);
    made = added;
    return made;
  });
}

/**
 * Finds the library with this root, or adds one that is named after the folder. If another library has the name, a
 * number is appended to it. Permissions are not checked here.
 *
 * @param folder a path, absolute or relative to the working directory
 * @throws DogearError `root-missing`, `root-not-a-folder`; `library-exists` when another program adds a library of the
 *   same name at the same time
 */
export async function ensureLibrary(store: Store, folder: Buffer | string): Promise<Library> {
  const root = await rootFolder(folder);
  const libraries = await allLibraries(store);
  const known = libraries.find((library) => library.root.equals(root));
  if (known !== undefined) return known;
  const taken = new Set(libraries.map((library) => library.name));
  const base = path.basename(root.toString());
  let name = nameAfter(base, '');
  for (let number = 2; taken.has(name); number++) name = nameAfter(base, ` ${String(number)}`);
  return addLibrary(store, { name, root: folder });
}

/** Makes a valid library name from the name of a folder, which may be too long, contain control characters, or be no UTF-8. */
function nameAfter(folder: string, suffix: string): string {
  // U+FFFD stands for bytes that are not UTF-8. Nobody can type it.
  const readable = asShownName(folder)
    .replaceAll(/\ufffd+/g, '_')
    .trim();
  const cut = readable.slice(0, LIBRARY_NAME_CHARACTERS - suffix.length);
  // The cut may have left the first half of a surrogate pair.
  const whole = cut.replace(/[\ud800-\udbff]$/, '').trim();
  return `${whole === '' ? 'library' : whole}${suffix}`;
}
