import { hrefOf } from '../router.js';
import { may, useMe } from '../session.js';
import { formatOf } from './book-format.js';
import type { Path } from './path.js';

/** What the reader of these pages opens. */
const READ_HERE = /^(?:epub3?|cb[zt]|pdf)$/;

interface ReadLinkProps {
  readonly book: { readonly id: number; readonly path: Path; readonly missing_since: string | null } | null;
  /** What stands on it. */
  readonly says: string;
  /** For screen readers, where the links of several books stand on a page. */
  readonly title?: string;
}

/** Opens a book in the browser, for those who may. Nothing for a book that is not opened there. */
export function ReadLink({ book, says, title }: ReadLinkProps) {
  if (!may(useMe(), 'file:download') || book === null) return null;
  if (book.missing_since !== null || !READ_HERE.test(formatOf(book.path))) return null;
  return (
    // Another page with another policy: the router leaves links with a target alone.
    <a
      class={title === undefined ? 'button main' : 'button'}
      href={hrefOf(`read/${String(book.id)}`)}
      target="_self"
      aria-label={title && `${says} in the browser: ${title}`}
    >
      {says}
    </a>
  );
}
