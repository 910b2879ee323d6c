import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import { digestOfDocument, type Document } from '../domain/document.js';
import type { LibraryId, UserId } from '../domain/ids.js';
import { type CataloguedDocument, equivalentTo } from '../book/catalogued-document.js';
import { cataloguedDocuments, librariesOfDigests } from '../book/digest-repository.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { isVisibleIn, type LibraryAccess, libraryVisibilityOf } from '../library/library-visibility.js';

/** A version for each access map that was read. A map is never changed after it was read. */
const versions = new WeakMap<LibraryAccess, symbol>();

function versionOf(access: LibraryAccess): symbol {
  let version = versions.get(access);
  if (version === undefined) {
    version = Symbol('library access');
    versions.set(access, version);
  }
  return version;
}

/**
 * The equivalent documents of one cached document. Most libraries are visible to every user; then all users get the same
 * answer, and it is computed once for each version of the access map instead of once for each pull.
 */
export class EquivalentDocuments {
  readonly #catalogued: CataloguedDocument;
  /**
   * The version of the access map that the next two fields were computed from. The map itself is not kept: documents
   * stay cached for long, and each would keep an old map alive.
   */
  #version: symbol | undefined;
  #isCovered = false;
  /** The answer for every user; `undefined` when it depends on the user. */
  #sharedAnswer: readonly Document[] | undefined;

  constructor(catalogued: CataloguedDocument) {
    this.#catalogued = catalogued;
  }

  /** The libraries of all books that have or had one of the digests; a library may occur several times. */
  get libraries(): readonly LibraryId[] {
    const { holders, others } = this.#catalogued;
    return [...holders, ...others.flatMap((other) => other.holders)].map(({ libraryId }) => libraryId);
  }

  /** Whether `access` holds all of the libraries. A library that it lacks was added or removed after it was read. */
  isCoveredBy(access: LibraryAccess): boolean {
    this.#update(access);
    return this.#isCovered;
  }

  /** Whether the document is or was a digest of a book that the user may see. */
  isKnownTo(userId: UserId, access: LibraryAccess): boolean {
    this.#update(access);
    if (this.#sharedAnswer !== undefined) return true;
    const isVisible = isVisibleIn(access, userId);
    return this.#catalogued.holders.some(({ libraryId }) => isVisible(libraryId));
  }

  /** The equivalent documents for one user. A library that `access` lacks is visible to nobody. */
  visibleTo(userId: UserId, access: LibraryAccess): readonly Document[] {
    this.#update(access);
    return this.#sharedAnswer ?? equivalentTo(this.#catalogued, isVisibleIn(access, userId));
  }

  #update(access: LibraryAccess): void {
    const version = versionOf(access);
    if (version === this.#version) return;
    const readers = this.libraries.map((library) => access.get(library));
    this.#version = version;
    this.#isCovered = !readers.includes(undefined);
    const isUnrestricted = readers.every((each) => each === 'everybody');
    this.#sharedAnswer = isUnrestricted ? equivalentTo(this.#catalogued, () => true) : undefined;
  }
}

/**
 * Other documents that stand for the same book, read from the database. A pull of the user (get-progress.ts) searches
 * the same documents.
 */
export async function equivalentDocuments(
  store: Store,
  userId: UserId,
  document: Document,
): Promise<readonly Document[]> {
  const digest = digestOfDocument(document);
  if (digest === undefined) return [];
  const isVisible = isVisibleIn(await readLibraryAccess(store), userId);
  // Looked up by itself: a digest of books that the user may not see costs the same statements as an unknown one.
  const libraries = (await librariesOfDigests(store, [digest])).get(document) ?? new Set();
  if (![...libraries].some(isVisible)) return [];
  const catalogued = (await cataloguedDocuments(store, [digest])).get(document);
  return catalogued === undefined ? [] : equivalentTo(catalogued, isVisible);
}

/** The documents that stand for the same books as these, as far as the actor may see the books. Four statements or none. */
export async function equivalentsOfDocuments(
  store: Store,
  actor: Actor,
  documents: readonly Document[],
): Promise<ReadonlyMap<Document, readonly Document[]>> {
  const digests = documents.flatMap((document) => digestOfDocument(document) ?? []);
  if (digests.length === 0) return new Map();
  const isVisible = isVisibleIn(await readLibraryAccess(store), libraryVisibilityOf(actor));
  const catalogued = await cataloguedDocuments(store, digests);
  return new Map(
    documents.flatMap((document) => {
      const known = catalogued.get(document);
      return known === undefined ? [] : [[document, equivalentTo(known, isVisible)]];
    }),
  );
}
