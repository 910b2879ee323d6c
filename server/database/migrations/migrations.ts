import type { Kysely } from 'kysely';
import type { SqlDialect } from '../store.js';
import { catalogue } from './0001-catalogue.js';
import { sync } from './0002-sync.js';

export type MigrationStep = (db: Kysely<unknown>, dialect: SqlDialect) => Promise<void>;

/**
 * Every change of the schema, oldest first. A released migration is never changed or removed, and holds literals
 * instead of constants of the program, which may change. There are no down migrations: the way back is a backup.
 * test/server/database/schema-versions.test.ts compares the schema after each migration with a stored dump.
 */
export const MIGRATIONS: Readonly<Record<string, MigrationStep>> = {
  '0001-catalogue': catalogue,
  '0002-sync': sync,
};
