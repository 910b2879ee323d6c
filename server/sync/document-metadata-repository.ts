import { sql } from 'kysely';
import { bulkUpsert } from '../database/bulk-write.js';
import { byIndex, deleteByIndex } from '../database/by-index.js';
import type { Store } from '../database/store.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import type { ProgressPush } from './progress.js';

/**
 * Saves what readers said last about documents: file name, title, authors.
 *
 * @param pushes ordered by user and document, each document once, all with metadata
 */
export function saveDocumentMetadata(store: Store, pushes: readonly ProgressPush[]): Promise<void> {
  return upsertMetadata(store, pushes, ['metadata']);
}

/** The same, where there is none yet. */
export function insertDocumentMetadata(store: Store, pushes: readonly ProgressPush[]): Promise<void> {
  return upsertMetadata(store, pushes, []);
}

function upsertMetadata(
  store: Store,
  pushes: readonly ProgressPush[],
  update: readonly string[],
): Promise<void> {
  return bulkUpsert(
    store,
    {
      table: 'document_metadata',
      columns: ['user_id', 'document', 'metadata'],
      key: ['user_id', 'document'],
      update,
    },
    pushes.flatMap(({ userId, document, metadataJson }) =>
      metadataJson === undefined ? [] : [userId, Buffer.from(document), Buffer.from(metadataJson)],
    ),
  );
}

/** What readers said last about these documents of a user, by document: JSON objects as text. */
export async function metadataOfDocuments(
  store: Store,
  userId: UserId,
  documents: readonly Document[],
): Promise<ReadonlyMap<string, string>> {
  if (documents.length === 0) return new Map();
  const rows = await store.db
    .selectFrom(byIndex(store, 'document_metadata', 'primary'))
    .select(['document', 'metadata'])
    .where('user_id', '=', userId)
    .where(
      'document',
      'in',
      documents.map((document) => Buffer.from(document)),
    )
    .execute();
  return new Map(rows.map((row) => [row.document.toString('utf8'), row.metadata.toString('utf8')]));
}

/** @param documents in byte order */
export async function deleteDocumentMetadata(
  store: Store,
  userId: UserId,
  documents: readonly Buffer[],
): Promise<void> {
  await deleteByIndex(store, {
    table: 'document_metadata',
    column: 'document',
    index: 'primary',
    keys: documents,
    also: sql`document_metadata.user_id = ${userId}`,
  });
}
