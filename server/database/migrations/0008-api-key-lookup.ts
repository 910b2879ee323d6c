import { type QueryExecutorProvider, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { createIndexOnce } from './index-creation.js';

/**
 * API keys are looked up by the SHA-256 of their secret. That of a key of the older form, `dogear_<prefix>_<secret>`, is the
 * hash of the secret alone; that of a key of 24 characters is the hash of all of them. So both are found in one column, and
 * rows that the release before inserts meanwhile are found too.
 *
 * The column `prefix` stays unique, because the release before looks keys up by it: what it holds of the newer keys is in
 * server/accounts/keys/api-key-repository.ts.
 */
export async function apiKeyLookup(db: QueryExecutorProvider, dialect: SqlDialect): Promise<void> {
  if (dialect === 'sqlite') {
    await sql`create unique index if not exists api_key_secret on api_key (secret_sha256)`.execute(db);
    return;
  }
  await createIndexOnce(
    db,
    { table: 'api_key', index: 'api_key_secret' },
    sql`create unique index api_key_secret on api_key (secret_sha256)`,
  );
}
