import type { Document } from '../domain/document.js';
import type { LibraryId } from '../domain/ids.js';

/** The books of one library that have or had a digest. */
export interface DigestHolder {
  readonly libraryId: LibraryId;
  /**
   * The content of these books: the partial MD5 that all of them have now. `undefined` when they differ (`cover.cbz` in
   * two folders) or when one of them has none.
   */
  readonly content: Document | undefined;
}

/** Another digest of the same content, with all books that have or had it. */
export interface OtherDigest {
  readonly document: Document;
  readonly holders: readonly DigestHolder[];
}

/** What the catalogue knows about a document that is a digest of some book. */
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
 */
export function equivalentTo(
  known: CataloguedDocument,
  isVisible: (library: LibraryId) => boolean,
): readonly Document[] {
  const content = onlyContent(known.holders, isVisible);
  if (content === undefined) return [];
  return known.others
    .filter((other) => onlyContent(other.holders, isVisible) === content)
    .map((other) => other.document);
}

function onlyContent(
  holders: readonly DigestHolder[],
  isVisible: (library: LibraryId) => boolean,
): Document | undefined {
  let content: Document | undefined;
  for (const holder of holders) {
    if (!isVisible(holder.libraryId)) continue;
    if (holder.content === undefined || (content !== undefined && content !== holder.content))
      return undefined;
    content = holder.content;
  }
  return content;
}
