import { randomUUID } from 'node:crypto';
import { opendirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { readDatabaseNowMs } from '../database/database-clock.js';
import type { Store } from '../database/store.js';
import { inTransaction, retrying } from '../database/transaction.js';
import { errorMessage } from '../domain/error-text.js';
import type { Library } from '../library/library.js';
import { touchLibrary } from '../library/library-repository.js';
import { BookError } from '../positions/book-error.js';
import { readEpubMetadata } from '../positions/epub/metadata.js';
import type { BookToRead, MetadataRead, PassCounts } from './book-metadata.js';
import { metadataOfBooks, nextBooksToRead, saveMetadata } from './book-metadata-repository.js';
import { saveListedNames } from './listed-name-repository.js';
import { lockBooks } from './book-repository.js';
import { saveNameForms } from './save-name-forms.js';
import { beginPass, endPass, findPass, renewPass } from './metadata-pass-repository.js';

/** Rows of one look at the catalogue: some milliseconds of SQLite, in which pushes wait. */
const ROWS_AT_ONCE = 500;
/** Books that one transaction writes. An EPUB takes about a millisecond to read. */
const BOOKS_A_COMMIT = 50;
/**
 * The pause after each commit and each look, as a share of the time that it took: half of a processor and half of the disk
 * are left to others.
 */
const PAUSE_SHARE = 1;
/** A pass that was silent for so long may be taken over. It is renewed with each commit, which takes some seconds at most. */
const LEASE_MS = 60_000;
/** The clock of the database may step back by so much between a scan and the pass after it. */
const CLOCK_STEP_MS = 3_600_000;
/** Pages that show the library are told of it as often. */
const TOUCH_EVERY_MS = 5000;

export interface MetadataPassOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether EPUBs are read. Otherwise only the forms of the books' names are stored. Default: true. */
  readonly readsEpubs?: boolean | undefined;
  /** Whether the pass leaves time to others. Default: true. */
  readonly isPaced?: boolean | undefined;
  /** Resolves when the pass may go on: it waits while scans run. */
  readonly turn?: ((this: void) => Promise<void>) | undefined;
  /** Called after every commit; must return quickly. */
  onProgress?(this: void, counts: PassCounts): void;
  /** Called with the first error that no broken book explains. The book is left out until the next pass. */
  onFault?(this: void, error: Error): void;
}

/**
 * Reads the metadata of the EPUBs of a library that are new or have changed since they were read, and stores the forms of
 * the names of books that are new, or have another name, since the last pass. Files are read synchronously: use it in a
 * thread of its own, or in a program that does nothing else. What is committed stays, and the next pass reads what is left.
 *
 * @returns `undefined` when another pass over the library runs
 * @throws whatever the database throws
 */
export async function readLibraryMetadata(
  store: Store,
  library: Library,
  options: MetadataPassOptions = {},
): Promise<PassCounts | undefined> {
  const runner = randomUUID();
  const before = await retrying(() => findPass(store, library.id));
  if (!(await retrying(() => beginPass(store, library.id, runner, LEASE_MS)))) return undefined;
  const namedSinceMs = before?.state === 'completed' ? before.startedMs - CLOCK_STEP_MS : 0;
  const pass = { store, library, runner, namedSinceMs, ...options };
  const counts = { examined: 0, read: 0, failed: 0 };
  let isComplete = false;
  try {
    isComplete = await readAll(pass, counts);
    return counts;
  } finally {
    await endPass(store, library.id, runner, counts, isComplete).catch(() => undefined); // The lease runs out.
    await touchLibrary(store, library.id).catch(() => undefined); // Pages show the old state for a while.
  }
}

interface Pass extends MetadataPassOptions {
  readonly store: Store;
  readonly library: Library;
  readonly runner: string;
  /** Books that have had their digests and their paths for longer have the forms of their names from the pass before. */
  readonly namedSinceMs: number;
}

type PassTally = { -readonly [Key in keyof PassCounts]: PassCounts[Key] };

/** @returns whether it came to the end of the library */
async function readAll(pass: Pass, counts: PassTally): Promise<boolean> {
  const { store, library, runner } = pass;
  let touchedMs = performance.now();
  let hasFault = false;
  let after: Buffer = Buffer.alloc(0);
  for (;;) {
    const beganMs = performance.now();
    const rows = await retrying(() => nextBooksToRead(store, library.id, after, ROWS_AT_ONCE));
    const present = rows.filter(({ isMissing }) => !isMissing);
    const due =
      pass.readsEpubs === false ? [] : present.filter(({ isCurrent, path }) => !isCurrent && isEpub(path));
    const named = rows.filter(({ hashedMs }) => hashedMs === undefined || hashedMs >= pass.namedSinceMs);
    if (library.koreaderHashes) await saveNameForms(store, named, await readNowSeconds(store));
    const dueIds = new Set(due.map(({ id }) => id));
    await listByKnownMetadata(
      store,
      library,
      named.filter(({ id, isMissing }) => !isMissing && !dueIds.has(id)),
    );
    await rest(pass, beganMs);
    for (let start = 0; start < due.length; start += BOOKS_A_COMMIT) {
      await pass.turn?.();
      if (pass.signal?.aborted === true) return false;
      const startedMs = performance.now();
      const reads: MetadataRead[] = [];
      let unreadable = 0;
      for (const book of due.slice(start, start + BOOKS_A_COMMIT)) {
        const read = await readBookMetadata(library, book);
        if (read instanceof Error) {
          if (!hasFault) pass.onFault?.(read);
          hasFault = true;
        } else if (read === undefined) unreadable++;
        else reads.push(read);
      }
      await commit(store, library, reads);
      counts.read += reads.length;
      counts.failed += reads.filter(({ outcome }) => outcome.state === 'failed').length;
      // Otherwise the pass would come to its end without having read anything, and no other would follow.
      if (unreadable > 0 && !hasEntries(library.root)) return false;
      if (!(await retrying(() => renewPass(store, library.id, runner, LEASE_MS, counts)))) return false;
      pass.onProgress?.(counts);
      if (performance.now() - touchedMs > TOUCH_EVERY_MS) {
        touchedMs = performance.now();
        await retrying(() => touchLibrary(store, library.id));
      }
      await rest(pass, startedMs);
    }
    counts.examined += rows.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_AT_ONCE) return true;
    after = last.path;
    if (pass.signal?.aborted === true) return false;
    if (!(await retrying(() => renewPass(store, library.id, runner, LEASE_MS, counts)))) return false;
  }
}

/** Books that are not read in this pass: those that were read before, and those that are no EPUBs. */
async function listByKnownMetadata(
  store: Store,
  library: Library,
  books: readonly BookToRead[],
): Promise<void> {
  const metadata = await metadataOfBooks(
    store,
    books.map(({ id }) => id),
  );
  await saveListedNames(
    store,
    books.map(({ id, path }) => ({ id, libraryId: library.id, path, metadata: metadata.get(id) })),
  );
}

async function rest({ isPaced = true, signal }: Pass, sinceMs: number): Promise<void> {
  if (!isPaced) return;
  // The loop above looks at the signal.
  await delay(
    (performance.now() - sinceMs) * PAUSE_SHARE,
    undefined,
    signal === undefined ? {} : { signal },
  ).catch(() => undefined);
}

/** A share that is not mounted is an empty folder, or none. */
function hasEntries(folder: Buffer): boolean {
  try {
    const entries = opendirSync(folder);
    try {
      return entries.readSync() !== null;
    } finally {
      entries.closeSync();
    }
  } catch {
    return false; // The next pass looks again.
  }
}

const SLASH = Buffer.from('/');
const EPUB = /\.k?epub$/i;

/** By its name, as KOReader decides what a file is. */
function isEpub(path: Buffer): boolean {
  return EPUB.test(path.subarray(-6).toString('latin1'));
}

/**
 * @returns `undefined` when the file is not there, or is not as the last scan saw it: the next scan looks at it. An error
 *   that is no `BookError` is returned, because one book must not keep those behind it from being read
 */
async function readBookMetadata(
  library: Library,
  book: BookToRead,
): Promise<MetadataRead | Error | undefined> {
  try {
    const path = Buffer.concat([library.root, SLASH, book.path]);
    return { book, outcome: { state: 'read', metadata: await readEpubMetadata(path, book) } };
  } catch (error) {
    if (!(error instanceof BookError)) {
      return new Error(`book ${String(book.id)} cannot be read: ${errorMessage(error)}`, { cause: error });
    }
    if (error.code === 'unreadable' || error.code === 'changed') return undefined;
    return { book, outcome: { state: 'failed', failure: error.code } };
  }
}

/**
 * Books that were removed meanwhile are left out: their rows would stay for ever. The forms of names are stored after the
 * metadata; where the program is killed in between, those of the metadata come when the file changes next.
 */
async function commit(store: Store, library: Library, reads: readonly MetadataRead[]): Promise<void> {
  if (reads.length === 0) return;
  const nowS = await readNowSeconds(store);
  await inTransaction(store, async (transaction) => {
    const there = await lockBooks(
      transaction,
      reads.map(({ book }) => book.id),
    );
    await saveMetadata(
      transaction,
      reads.filter(({ book }) => there.has(book.id)),
      nowS,
    );
  });
  await saveListedNames(
    store,
    reads.map(({ book: { id, path }, outcome }) => ({
      id,
      libraryId: library.id,
      path,
      metadata: outcome.state === 'read' ? outcome.metadata : undefined,
    })),
  );
  if (!library.koreaderHashes) return;
  const named = reads.flatMap(({ book, outcome }) =>
    outcome.state === 'read' ? [{ id: book.id, path: book.path, metadata: outcome.metadata }] : [],
  );
  await saveNameForms(store, named, nowS);
}

async function readNowSeconds(store: Store): Promise<number> {
  return Math.floor((await readDatabaseNowMs(store)) / 1000);
}
