import type { Kysely } from 'kysely';
import type { SqlDialect } from '../store.js';
import { catalogue } from './0001-catalogue.js';
import { sync } from './0002-sync.js';

export type MigrationStep = (db: Kysely<unknown>, dialect: SqlDialect) => Promise<void>;

/**
 * Every change of the schema, oldest first. A name that was released is never changed or removed; there is no
 * way back but a backup.
 */
export const MIGRATIONS: Readonly<Record<string, MigrationStep>> = {
  '0001-catalogue': catalogue,
  '0002-sync': sync,
};
