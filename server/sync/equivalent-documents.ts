import type { Store } from '../database/store.js';
import { digestOfDocument, type Document } from '../domain/document.js';
import type { LibraryId, UserId } from '../domain/ids.js';
import { type CataloguedDocument, equivalentTo } from '../book/catalogued-document.js';
import { cataloguedDocuments } from '../book/digest-repository.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { isVisibleIn, type LibraryAccess } from '../library/library-visibility.js';

/** Names each reading of who may see what. */
const readings = new WeakMap<LibraryAccess, symbol>();

function readingOf(access: LibraryAccess): symbol {
  let reading = readings.get(access);
  if (reading === undefined) {
    reading = Symbol('reading');
    readings.set(access, reading);
  }
  return reading;
}

/**
 * The other documents of a document that is remembered. Most libraries may be seen by everybody, and then the answer is
 * everybody's: it is worked out once for each reading of who may see what, not for each pull.
 */
export class EquivalentDocuments {
  readonly #known: CataloguedDocument;
  /** The one that the rest is from. Not the access itself: what is remembered for long would each keep an old one. */
  #reading: symbol | undefined;
  #isCovered = false;
  /** `undefined`: it depends on who asks. */
  #everybodys: readonly Document[] | undefined;

  constructor(known: CataloguedDocument) {
    this.#known = known;
  }

  get libraries(): readonly LibraryId[] {
    const { holders, others } = this.#known;
    return [...holders, ...others.flatMap((other) => other.holders)].map(({ libraryId }) => libraryId);
  }

  /** Whether `access` has all of the libraries. One that it has not may just have been added, or removed. */
  isCoveredBy(access: LibraryAccess): boolean {
    this.#workOut(access);
    return this.#isCovered;
  }

  /** Nobody sees a library that `access` has not. */
  seenBy(userId: UserId, access: LibraryAccess): readonly Document[] {
    this.#workOut(access);
    return this.#everybodys ?? equivalentTo(this.#known, isVisibleIn(access, userId));
  }

  #workOut(access: LibraryAccess): void {
    const reading = readingOf(access);
    if (reading === this.#reading) return;
    const readers = this.libraries.map((library) => access.get(library));
    this.#reading = reading;
    this.#isCovered = !readers.includes(undefined);
    const isEverybodys = readers.every((each) => each === 'everybody');
    this.#everybodys = isEverybodys ? equivalentTo(this.#known, () => true) : undefined;
  }
}

/** Other documents that stand for the same book to this user, as a pull of the user finds them (get-progress.ts). */
export async function equivalentDocuments(
  store: Store,
  userId: UserId,
  document: Document,
): Promise<readonly Document[]> {
  const digest = digestOfDocument(document);
  if (digest === undefined) return [];
  const known = (await cataloguedDocuments(store, [digest])).get(document);
  if (known === undefined) return [];
  return equivalentTo(known, isVisibleIn(await readLibraryAccess(store), userId));
}
