import { sql } from 'kysely';
import type { Store } from './store.js';

export interface DatabaseProduct {
  readonly kind: 'sqlite' | 'mysql' | 'mariadb';
  /** As the database tells it, such as `10.11.14-MariaDB-0+deb12u2`. */
  readonly version: string;
}

/** What database it is. Relatives of MySQL count as MySQL; their version says what they are. */
export async function databaseProduct({ db, dialect }: Store): Promise<DatabaseProduct> {
  const call = sql.raw(dialect === 'sqlite' ? 'sqlite_version()' : 'version()');
  const { rows } = await sql<{ readonly version: string }>`select ${call} as version`.execute(db);
  const version = rows[0]?.version ?? 'unknown';
  if (dialect === 'sqlite') return { kind: 'sqlite', version };
  return { kind: /mariadb/i.test(version) ? 'mariadb' : 'mysql', version };
}
