import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { Document } from '../domain/document.js';
import type { LibraryId, UserId } from '../domain/ids.js';
import {
  type CataloguedDocument,
  countingHolders,
  type DigestHolder,
  equivalentTo,
} from '../book/catalogued-document.js';
import { cataloguedDocuments, holdersOfDocuments } from '../book/digest-repository.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { type ProgressKey, progressKeyText } from './progress-key.js';
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
  /** The answer for every user; `undefined` when it depends on the user: on restricted libraries or own links. */
  #sharedAnswer: readonly Document[] | undefined;

  constructor(catalogued: CataloguedDocument) {
    this.#catalogued = catalogued;
  }

  /** The libraries of all books of the documents; a library may occur several times. */
  get libraries(): readonly LibraryId[] {
    return this.#holders().map(({ libraryId }) => libraryId);
  }

  /** Whether the document has a book that the user may see. */
  isKnownTo(userId: UserId, access: LibraryAccess): boolean {
    return this.#sharedAnswerFor(access) !== undefined || this.#isKnownBy(userId, access);
  }

  /** The equivalent documents for one user. A library that `access` lacks is visible to nobody. */
  visibleTo(userId: UserId, access: LibraryAccess): readonly Document[] {
    return (
      this.#sharedAnswerFor(access) ?? equivalentTo(this.#catalogued, isVisibleIn(access, userId), userId)
    );
  }

  /**
   * The same, or `undefined` where it takes a look into the database: `access` lacks a library, which was added or removed
   * after it was read, or the document has no book that the user may see.
   */
  answerFor(userId: UserId, access: LibraryAccess): readonly Document[] | undefined {
    const shared = this.#sharedAnswerFor(access);
    if (shared !== undefined) return shared;
    return this.#isCovered && this.#isKnownBy(userId, access) ? this.visibleTo(userId, access) : undefined;
  }

  #isKnownBy(userId: UserId, access: LibraryAccess): boolean {
    return isKnownBy(this.#catalogued.holders, isVisibleIn(access, userId), userId);
  }

  #holders(): readonly DigestHolder[] {
    const { holders, others } = this.#catalogued;
    return [...holders, ...others.flatMap((other) => other.holders)];
  }

  #sharedAnswerFor(access: LibraryAccess): readonly Document[] | undefined {
    const version = versionOf(access);
    if (version === this.#version) return this.#sharedAnswer;
    const holders = this.#holders();
    const readers = holders.map(({ libraryId }) => access.get(libraryId));
    this.#version = version;
    this.#isCovered = !readers.includes(undefined);
    const isShared =
      readers.every((each) => each === 'everybody') &&
      holders.every(({ linkedFor }) => linkedFor === undefined || linkedFor === 'everybody');
    this.#sharedAnswer = isShared ? equivalentTo(this.#catalogued, () => true, undefined) : undefined;
    return this.#sharedAnswer;
  }
}

/** Whether a document with these books has one for the user. */
export function isKnownBy(
  holders: readonly DigestHolder[],
  isVisible: (library: LibraryId) => boolean,
  userId: UserId,
): boolean {
  return countingHolders(holders, isVisible, userId).length > 0;
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
  const isVisible = isVisibleIn(await readLibraryAccess(store), userId);
  // Looked up by itself: a digest of books that the user may not see costs the same statements as an unknown one.
  const holders = (await holdersOfDocuments(store, [document])).get(document) ?? [];
  if (!isKnownBy(holders, isVisible, userId)) return [];
  const catalogued = (await cataloguedDocuments(store, [document])).get(document);
  return catalogued === undefined ? [] : equivalentTo(catalogued, isVisible, userId);
}

/** Those of the documents that have a book which the user may see: pushes of them are stored. Two statements. */
export async function knownDocuments(
  store: Store,
  userId: UserId,
  documents: readonly Document[],
): Promise<ReadonlySet<Document>> {
  if (documents.length === 0) return new Set();
  const isVisible = isVisibleIn(await readLibraryAccess(store), userId);
  const holders = await holdersOfDocuments(store, documents);
  return new Set(documents.filter((document) => isKnownBy(holders.get(document) ?? [], isVisible, userId)));
}

/** Those of the documents that have a book which their users may see. One statement for 500. */
export async function withBook<Key extends ProgressKey>(
  store: Store,
  access: LibraryAccess,
  keys: readonly Key[],
): Promise<readonly Key[]> {
  const holders = await holdersOfDocuments(store, [...new Set(keys.map(({ document }) => document))]);
  return keys.filter(({ userId, document }) =>
    isKnownBy(holders.get(document) ?? [], isVisibleIn(access, userId), userId),
  );
}

/**
 * The documents that stand for the same books as these do for their users, as far as the actor may see the books, by
 * `progressKeyText`. Four statements or none.
 */
export async function equivalentsOfDocuments(
  store: Store,
  actor: Actor,
  keys: readonly ProgressKey[],
): Promise<ReadonlyMap<string, readonly Document[]>> {
  if (keys.length === 0) return new Map();
  const isVisible = isVisibleIn(await readLibraryAccess(store), libraryVisibilityOf(actor));
  const catalogued = await cataloguedDocuments(store, [...new Set(keys.map(({ document }) => document))]);
  return new Map(
    keys.flatMap((key) => {
      const known = catalogued.get(key.document);
      return known === undefined ? [] : [[progressKeyText(key), equivalentTo(known, isVisible, key.userId)]];
    }),
  );
}
