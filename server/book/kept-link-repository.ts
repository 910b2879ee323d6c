import { idChunks } from '../database/bulk-write.js';
import { byIndex, deleteByIds } from '../database/by-index.js';
import { toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';
import type { UserId } from '../domain/ids.js';
import type { StoredLink } from './document-link-repository.js';

// The table `kept_link`: links of books that are gone with their library, until a book of the same content comes.

/**
 * Links that are kept, the newest: people make each of them by hand. Of one document and user there is one, so that nobody
 * fills the table by the links of one book after another.
 */
const MOST_KEPT = 100_000;

export interface KeptLink extends StoredLink {
  readonly partialMd5: Buffer;
  readonly sizeBytes: number;
}

export interface StoredKeptLink extends KeptLink {
  readonly id: number;
}

/** Stores links, each in place of one that was kept of the same document and users. */
export async function keepLinks({ db, dialect }: Store, links: readonly KeptLink[]): Promise<void> {
  for (const { partialMd5, sizeBytes, ...link } of links) {
    const row = { ...link, partial_md5: partialMd5, size_bytes: sizeBytes };
    // One that replaces another gets a new id: it is the newest.
    await db
      .deleteFrom('kept_link')
      .where('document', '=', link.document)
      .where('user_id', '=', link.user_id)
      .execute();
    await db.insertInto('kept_link').values(row).execute();
  }
  if (links.length > 0) await deleteOldest({ db, dialect });
}

async function deleteOldest({ db }: Store): Promise<void> {
  const newest = await db
    .selectFrom('kept_link')
    .select('id')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  // Ids have gaps, so at most this many are newer.
  await db
    .deleteFrom('kept_link')
    .where('id', '<=', (newest?.id ?? 0) - MOST_KEPT)
    .execute();
}

/** Whether there are any: in most installations there are none, and a batch of a scan has nothing to look up. */
export async function hasKeptLinks({ db }: Store): Promise<boolean> {
  return (await db.selectFrom('kept_link').select('id').limit(1).executeTakeFirst()) !== undefined;
}

/** The links of removed books that had one of these partial MD5s. Sizes are the caller's to compare. */
export async function keptLinksOf(
  store: Store,
  partialMd5s: readonly Buffer[],
): Promise<readonly StoredKeptLink[]> {
  const links: StoredKeptLink[] = [];
  for (const chunk of idChunks(partialMd5s)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'kept_link', 'kept_link_content'))
      .selectAll()
      .where('partial_md5', 'in', chunk)
      .orderBy('id')
      .execute();
    links.push(
      ...rows.map(({ partial_md5: partialMd5, size_bytes: size, ...row }) => ({
        ...row,
        linked_s: toNumber(row.linked_s),
        partialMd5,
        sizeBytes: toNumber(size),
      })),
    );
  }
  return links;
}

export async function deleteKeptLinks(store: Store, ids: readonly number[]): Promise<void> {
  await deleteByIds(store, { table: 'kept_link', column: 'id', index: 'primary', ids });
}

export async function deleteKeptLinksOfUser({ db }: Store, user: UserId): Promise<void> {
  await db.deleteFrom('kept_link').where('user_id', '=', user).execute();
}
