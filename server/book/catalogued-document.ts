import type { Document } from '../domain/document.js';
import type { LibraryId } from '../domain/ids.js';

/** In one library, the books that have or had a digest. */
export interface DigestHolder {
  readonly libraryId: LibraryId;
  /**
   * Names the content of these books: the partial MD5 they have now, the same for all of them. `undefined` where they
   * differ (`cover.cbz` in two folders) or where there is none.
   */
  readonly content: Document | undefined;
}

/** Another digest of the same content, with everybody who has or had it. */
export interface OtherDigest {
  readonly document: Document;
  readonly holders: readonly DigestHolder[];
}

/** A document that is a digest of some book. */
export interface CataloguedDocument {
  readonly holders: readonly DigestHolder[];
  /** Empty where the content is not one. */
  readonly others: readonly OtherDigest[];
}

/**
 * The other documents that stand for the same book: somebody who syncs one device by file name, another one by
 * content, and replaced the file in between, has one book and one progress.
 *
 * A digest counts only where it means one content among all the books that may be seen. The name `Volume 1.cbz` in
 * twenty folders stands for itself alone: sharing it would show the position of another volume.
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
