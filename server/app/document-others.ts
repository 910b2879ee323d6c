import type { Document } from '../domain/document.js';
import type { LibraryId, UserId } from '../domain/ids.js';
import { type KnownDocument, sameBook } from '../domain/known-document.js';
import type { LibraryAccess } from '../storage/library-access-repository.js';
import { libraryVisibility } from './library-visibility.js';

/**
 * The other documents of a document that is remembered. Most libraries may be seen by everybody, and then the answer is
 * everybody's: it is worked out once for each reading of who may see what, not for each pull.
 */
export class DocumentOthers {
  readonly #known: KnownDocument;
  #access: LibraryAccess | undefined;
  #isCovered = false;
  /** `undefined`: it depends on who asks. */
  #everybodys: readonly Document[] | undefined;

  constructor(known: KnownDocument) {
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
    return this.#everybodys ?? sameBook(this.#known, libraryVisibility(access, userId));
  }

  #workOut(access: LibraryAccess): void {
    if (access === this.#access) return;
    const readers = this.libraries.map((library) => access.get(library));
    this.#access = access;
    this.#isCovered = !readers.includes(undefined);
    const isEverybodys = readers.every((each) => each === 'everybody');
    this.#everybodys = isEverybodys ? sameBook(this.#known, () => true) : undefined;
  }
}
