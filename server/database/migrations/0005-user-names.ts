import { type QueryExecutorProvider, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/** Users of one page: a statement of a few milliseconds. */
const PAGE_ROWS = 500;
/** The width of the column `name`. */
const NAME_CHARACTERS = 64;

/**
 * User names in any language. `header_name` holds what arrives in `x-auth-user` of a name whose ends are not ASCII; it is
 * null where the name arrives as it is, which is true of every name of the releases before, and where nothing arrives.
 * Names are NFC from now on, so that two names that look the same are the same.
 *
 * `revision` is written by every transaction that must be the only one to decide something about the row, such as how
 * many API keys a user has: a lock that is only read admits two holders in a cluster.
 *
 * Every step may run twice, as in 0001-catalogue.ts. The release before does not know the columns; rows that it inserts
 * meanwhile have their defaults, which are right for them.
 */
export async function userNames(db: QueryExecutorProvider, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  await addColumn(db, dialect, 'user', 'header_name', sql`${t.text(NAME_CHARACTERS)}`);
  await addColumn(db, dialect, 'user', 'revision', sql`${t.int64} not null default 0`);
  await addColumn(db, dialect, 'library', 'revision', sql`${t.int64} not null default 0`);
  await addIndex(db, dialect);
  await normaliseNames(db);
}

async function addColumn(
  db: QueryExecutorProvider,
  dialect: SqlDialect,
  table: string,
  column: string,
  type: ReturnType<typeof sql>,
): Promise<void> {
  const exists =
    dialect === 'sqlite'
      ? sql`select 1 from pragma_table_info(${table}) where name = ${column}`
      : sql`select 1 from information_schema.columns
          where table_schema = database() and table_name = ${table} and column_name = ${column}`;
  const add = sql`alter table ${sql.table(table)} add column ${sql.ref(column)} ${type}`;
  await unlessThere(db, exists, add);
}

async function addIndex(db: QueryExecutorProvider, dialect: SqlDialect): Promise<void> {
  if (dialect === 'sqlite') {
    await sql`create index if not exists user_header_name on user (header_name)`.execute(db);
    return;
  }
  const exists = sql`select 1 from information_schema.statistics
    where table_schema = database() and table_name = 'user' and index_name = 'user_header_name'`;
  await unlessThere(db, exists, sql`create index user_header_name on user (header_name)`);
}

/** MySQL has no "add column if not exists". In a cluster without locks another program may be first. */
async function unlessThere(
  db: QueryExecutorProvider,
  exists: ReturnType<typeof sql>,
  change: ReturnType<typeof sql>,
): Promise<void> {
  const isThere = async () => (await exists.execute(db)).rows.length > 0;
  if (await isThere()) return;
  try {
    await change.execute(db);
  } catch (error) {
    if (!(await isThere())) throw error;
  }
}

interface NamedUser {
  readonly id: number;
  readonly name: string;
}

/** The releases before stored names as they came. Of two that become equal the second one gets its id behind it. */
async function normaliseNames(db: QueryExecutorProvider): Promise<void> {
  for (let afterId = 0; ;) {
    const { rows } = await sql<NamedUser>`
      select id, name from user where id > ${afterId} order by id limit ${sql.lit(PAGE_ROWS)}`.execute(db);
    for (const { id, name } of rows) {
      const normal = name.normalize('NFC');
      if (normal === name) continue;
      const same = await sql`select 1 from user where name = ${normal} and id <> ${id}`.execute(db);
      const number = ` ${String(id)}`;
      const changed =
        same.rows.length === 0
          ? normal
          : Array.from(normal)
              .slice(0, NAME_CHARACTERS - number.length)
              .join('') + number;
      await sql`update user set name = ${changed} where id = ${id}`.execute(db);
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    afterId = last.id;
  }
}
