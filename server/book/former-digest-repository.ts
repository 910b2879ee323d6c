import type { Digests } from './book.js';
import type { BookId } from '../domain/ids.js';
import { bulkUpsert } from '../database/bulk-write.js';
import type { Store } from '../database/store.js';

export interface ReplacedDigest {
  readonly bookId: BookId;
  readonly kind: 'partial' | 'filename';
  readonly digest: Buffer;
}

/** Which of a book's digests `now` no longer holds. A reader may go on sending them for ever. */
export function replacedDigests(bookId: BookId, before: Digests, now: Digests | undefined): ReplacedDigest[] {
  const replaced: ReplacedDigest[] = [];
  if (now === undefined || !before.partialMd5.equals(now.partialMd5)) {
    replaced.push({ bookId, kind: 'partial', digest: before.partialMd5 });
  }
  if (now === undefined || !before.filenameMd5.equals(now.filenameMd5)) {
    replaced.push({ bookId, kind: 'filename', digest: before.filenameMd5 });
  }
  return replaced;
}

/** Keeps digests that books had; one that is kept already stays as it is. */
export async function keepFormerDigests(
  store: Store,
  replaced: readonly ReplacedDigest[],
  replacedS: number,
): Promise<void> {
  await bulkUpsert(
    store,
    {
      table: 'former_digest',
      columns: ['digest', 'book_id', 'kind', 'replaced_s'],
      key: ['digest', 'book_id', 'kind'],
      update: [],
    },
    replaced.flatMap(({ digest, bookId, kind }) => [digest, bookId, kind, replacedS]),
  );
}
