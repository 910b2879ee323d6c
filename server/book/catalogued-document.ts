import type { Document } from '../domain/document.js';
import type { LibraryId, UserId } from '../domain/ids.js';
import type { LinkedFor } from './document-link.js';

/** The books of one library that have or had a document as a digest, or to which somebody has linked it. */
export interface DigestHolder {
  readonly libraryId: LibraryId;
  /**
   * The content of these books: the partial MD5 that all of them have now. `undefined` when they differ (`cover.cbz` in
   * two folders) or when one of them has none.
   */
  readonly content: Document | undefined;
  /** For whom the document is linked to the book; `undefined`: it is a digest of the books, for everybody who may see them. */
  readonly linkedFor?: LinkedFor;
  /** The document is the digest of another form of the books' names (name-forms.ts), which is a guess. */
  readonly isNameForm?: true;
}

/** Another digest of the same content, or a document that is linked to it, with all its books. */
export interface OtherDigest {
  readonly document: Document;
  readonly holders: readonly DigestHolder[];
}

/** What the catalogue knows about a document that is a digest of some book, or is linked to one. */
export interface CataloguedDocument {
  readonly holders: readonly DigestHolder[];
  /** Empty when the digest stands for several contents. */
  readonly others: readonly OtherDigest[];
}

/**
 * The other documents that stand for the same book. A user may sync one device by file name and another by content,
 * and may replace the file in between: it is one book with one progress.
 *
 * A digest is used only if all visible books that have or had it share one content. The file name `Volume 1.cbz` in
 * twenty folders is equivalent to nothing: otherwise a reader would get the position of another volume.
 *
 * @param user whose links count, beside those for everybody
 */
export function equivalentTo(
  known: CataloguedDocument,
  isVisible: (library: LibraryId) => boolean,
  user: UserId | undefined,
): readonly Document[] {
  const content = onlyContent(known.holders, isVisible, user);
  if (content === undefined) return [];
  return known.others
    .filter((other) => onlyContent(other.holders, isVisible, user) === content)
    .map((other) => other.document);
}

/**
 * The books for which a document stands. The visible books with this digest come first, then the user's own link, then the
 * link for everybody: when a scan finds the book of a document, the links of it have no effect any more. Books whose names
 * have it in another form come last.
 */
export function countingHolders(
  holders: readonly DigestHolder[],
  isVisible: (library: LibraryId) => boolean,
  user: UserId | undefined,
): readonly DigestHolder[] {
  const visible = holders.filter(({ libraryId }) => isVisible(libraryId));
  for (const wanted of user === undefined ? [undefined, 'everybody'] : [undefined, user, 'everybody']) {
    const found = visible.filter(
      ({ linkedFor, isNameForm }) => linkedFor === wanted && isNameForm === undefined,
    );
    if (found.length > 0) return found;
  }
  return visible.filter(({ isNameForm }) => isNameForm === true);
}

/** The one content that all books of the document have that count for the user. `undefined`: there are none, or several. */
export function onlyContent(
  holders: readonly DigestHolder[],
  isVisible: (library: LibraryId) => boolean,
  user: UserId | undefined,
): Document | undefined {
  let content: Document | undefined;
  for (const holder of countingHolders(holders, isVisible, user)) {
    if (holder.content === undefined || (content !== undefined && content !== holder.content))
      return undefined;
    content = holder.content;
  }
  return content;
}
