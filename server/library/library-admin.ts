import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { DogearError } from '../domain/dogear-error.js';
import type { Library } from './library.js';
import { type BookTotals, countBooks } from '../book/book-repository.js';
import {
  findLibraryByName,
  insertLibrary,
  listLibraries,
  removeLibrary as removeLibraryRows,
  updateLibrary as updateLibraryRow,
} from './library-repository.js';
import { readLibraryAccess } from './library-access-repository.js';
import { readersPage } from './library-reader-repository.js';
import type { Store } from '../database/store.js';

export interface LibraryRequest {
  readonly name: string;
  readonly root: string;
  readonly extensions?: readonly string[] | undefined;
  readonly koreaderHashes?: boolean | undefined;
}

const NAME_CHARACTERS = 100;
const EXTENSION = /^[a-z0-9]+(\.[a-z0-9]+)?$/;

/** @throws DogearError `library-exists`, `library-invalid`, `root-missing`, `root-not-a-folder` */
export async function addLibrary(store: Store, request: LibraryRequest): Promise<Library> {
  const root = await rootFolder(request.root);
  const added = await insertLibrary(store, {
    name: libraryName(request.name),
    root,
    extensions: request.extensions === undefined ? undefined : bookExtensions(request.extensions),
    koreaderHashes: request.koreaderHashes ?? true,
  });
  if (added === undefined) {
    throw new DogearError('library-exists', `There is a library "${request.name}" already.`);
  }
  return added;
}

/** The library of this folder, made on first sight and named after the folder. */
export async function ensureLibrary(store: Store, folder: string): Promise<Library> {
  const root = await rootFolder(folder);
  const libraries = await listLibraries(store);
  const known = libraries.find((library) => library.root.equals(root));
  if (known !== undefined) return known;
  const taken = new Set(libraries.map((library) => library.name));
  const base = path.basename(root.toString());
  let name = nameAfter(base, '');
  for (let number = 2; taken.has(name); number++) name = nameAfter(base, ` ${String(number)}`);
  return addLibrary(store, { name, root: folder });
}

/** @throws DogearError `library-not-found` */
export async function findLibrary(store: Store, name: string): Promise<Library> {
  const library = await findLibraryByName(store, name);
  if (library !== undefined) return library;
  const names = (await listLibraries(store)).map((known) => `"${known.name}"`).join(', ');
  throw new DogearError(
    'library-not-found',
    `There is no library "${name}"${names === '' ? '' : `; there is ${names}`}.`,
  );
}

/** The named libraries, or all of them where none is named. */
export async function chooseLibraries(store: Store, names: readonly string[]): Promise<readonly Library[]> {
  if (names.length === 0) return listLibraries(store);
  const libraries: Library[] = [];
  for (const name of names) libraries.push(await findLibrary(store, name));
  return libraries;
}

/** @throws DogearError `library-not-found`, `scan-running` */
export async function removeLibrary(store: Store, name: string): Promise<Library> {
  const library = await findLibrary(store, name);
  if (await removeLibraryRows(store, library.id)) return library;
  throw new DogearError('scan-running', `Somebody keeps scanning the library "${name}". Stop that first.`);
}

export interface LibraryChangeRequest {
  readonly name?: string | undefined;
  readonly root?: string | undefined;
  /** `['default']`: every extension that KOReader opens. */
  readonly extensions?: readonly string[] | undefined;
  readonly koreaderHashes?: 'on' | 'off' | undefined;
}

/** @throws DogearError `library-not-found`, `library-exists`, `library-invalid`, `root-missing`, `root-not-a-folder` */
export async function updateLibrary(
  store: Store,
  name: string,
  { koreaderHashes, ...request }: LibraryChangeRequest,
): Promise<Library> {
  const library = await findLibrary(store, name);
  return changeLibrary(store, library, {
    ...request,
    ...(koreaderHashes === undefined ? {} : { koreaderHashes: onOrOff(koreaderHashes) }),
  });
}

export type LibraryChange = Omit<LibraryChangeRequest, 'koreaderHashes'> & {
  readonly koreaderHashes?: boolean | undefined;
};

/** @throws DogearError `library-not-found`, `library-exists`, `library-invalid`, `root-missing`, `root-not-a-folder` */
export async function changeLibrary(
  store: Store,
  library: Library,
  request: LibraryChange,
): Promise<Library> {
  const newName = request.name === undefined ? library.name : libraryName(request.name);
  const extensions = request.extensions?.join() === 'default' ? undefined : request.extensions;
  const isChanged = await updateLibraryRow(store, library.id, {
    ...(newName === library.name ? {} : { name: newName }),
    ...(request.root === undefined ? {} : { root: await rootFolder(request.root) }),
    ...(request.extensions === undefined ? {} : { extensions: extensions && bookExtensions(extensions) }),
    ...(request.koreaderHashes === undefined ? {} : { koreaderHashes: request.koreaderHashes }),
  });
  if (!isChanged) throw new DogearError('library-exists', `There is a library "${newName}" already.`);
  return findLibrary(store, newName);
}

function onOrOff(value: string): boolean {
  if (value === 'on' || value === 'off') return value === 'on';
  throw new DogearError('library-invalid', `KOReader hashes are "on" or "off", not "${value}".`);
}

export interface ListedLibrary {
  readonly library: Library;
  readonly books: BookTotals;
  /** Names of those who see it, the first hundred; `undefined`: everybody. */
  readonly readers: readonly string[] | undefined;
}

const READERS_LISTED = 100;

export async function describeLibraries(store: Store): Promise<readonly ListedLibrary[]> {
  const listed: ListedLibrary[] = [];
  const access = await readLibraryAccess(store);
  for (const library of await listLibraries(store)) {
    const page = { afterName: undefined, limit: READERS_LISTED };
    const isRestricted = access.get(library.id) instanceof Set;
    const readers = isRestricted ? await readersPage(store, library.id, page) : undefined;
    const books = await countBooks(store, library.id);
    listed.push({ library, books, readers: readers?.map(({ name }) => name) });
  }
  return listed;
}

/** A name that is valid, whatever the folder's is: that may be longer, and hold line breaks. */
function nameAfter(folder: string, suffix: string): string {
  const readable = folder.replaceAll(/\p{Cc}+/gu, ' ').trim();
  const cut = readable.slice(0, NAME_CHARACTERS - suffix.length);
  // No half of a character at the end.
  const whole = cut.replace(/[\ud800-\udbff]$/, '').trim();
  return `${whole === '' ? 'library' : whole}${suffix}`;
}

function libraryName(name: string): string {
  const trimmed = name.trim();
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (trimmed === '' || trimmed.length > NAME_CHARACTERS || /[\u0000-\u001f\u007f]/.test(trimmed)) {
    throw new DogearError(
      'library-invalid',
      `A library's name has 1 to ${String(NAME_CHARACTERS)} characters and no line breaks.`,
    );
  }
  return trimmed;
}

function bookExtensions(extensions: readonly string[]): readonly string[] {
  const normalised = extensions.map((extension) => extension.trim().toLowerCase().replace(/^\./, ''));
  const wrong = normalised.filter((extension) => !EXTENSION.test(extension));
  if (wrong.length > 0 || normalised.length === 0) {
    throw new DogearError(
      'library-invalid',
      `"${wrong.join('", "')}" is no file extension: write them like epub,pdf,fb2.zip.`,
    );
  }
  return [...new Set(normalised)].toSorted();
}

/**
 * The folder's own absolute path, links resolved, so that one folder is not two libraries. Asynchronous, because a
 * network share that does not answer would hold up every other request of a server.
 */
async function rootFolder(folder: string): Promise<Buffer> {
  let real: Buffer;
  try {
    real = await realpath(Buffer.from(path.resolve(folder)), 'buffer');
  } catch (cause) {
    throw new DogearError('root-missing', `The folder ${folder} is not there or cannot be read.`, cause);
  }
  if (!(await stat(real)).isDirectory()) {
    throw new DogearError('root-not-a-folder', `${folder} is not a folder.`);
  }
  return real;
}
