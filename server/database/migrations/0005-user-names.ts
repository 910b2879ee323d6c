import { type QueryExecutorProvider, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/** Users of one page: a statement of a few milliseconds. */
const PAGE_ROWS = 500;
/** The width of the column `name`. */
const NAME_CHARACTERS = 64;
/** What does not arrive of a name in a header: at both ends every character but "!" to DEL. */
const TRIMMED_ENDS = /^[^!-\u007f]+|[^!-\u007f]+$/gu;

/**
 * User names in any language. `header_name` holds what arrives in `x-auth-user` of a name whose ends are not ASCII; it is
 * null where the name arrives as it is, and where nothing arrives. Names are NFC from now on, so that two names that look the
 * same are the same. The names of the releases before begin and end in ASCII and arrive as they are, unless NFC joins the
 * first letter and an accent: of "éric" arrives "ric".
 *
 * `revision` is written by every transaction that must be the only one to decide something about the row, such as how
 * many API keys a user has: a lock that is only read admits two holders in a cluster.
 *
 * The one row of `user_name_lock` is written by every transaction that gives a name to a user: whether another name arrives
 * like it can only be decided by one transaction at a time.
 *
 * Every step may run twice, as in 0001-catalogue.ts. The release before does not know the columns; rows that it inserts
 * meanwhile have their defaults, which are right for names in NFC.
 *
 * @returns for people: the users whose name had to be changed so that they have to be told
 */
export async function userNames(db: QueryExecutorProvider, dialect: SqlDialect): Promise<readonly string[]> {
  const t = columnTypes(dialect);
  await addColumn(db, dialect, 'user', 'header_name', sql`${t.text(NAME_CHARACTERS)}`);
  await addColumn(db, dialect, 'user', 'revision', sql`${t.int64} not null default 0`);
  await addColumn(db, dialect, 'library', 'revision', sql`${t.int64} not null default 0`);
  await addIndex(db, dialect);
  await addNameLock(db, dialect);
  return normaliseNames(db);
}

async function addNameLock(db: QueryExecutorProvider, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  await sql`
    create table if not exists user_name_lock (
      id ${t.reference} not null primary key,
      revision ${t.int64} not null
    ) ${t.tableOptions}`.execute(db);
  await sql`
    insert into user_name_lock (id, revision)
      select one, 0 from (select 1 as one) as t where not exists (select 1 from user_name_lock)`.execute(db);
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
async function normaliseNames(db: QueryExecutorProvider): Promise<readonly string[]> {
  const renamed: string[] = [];
  for (let afterId = 0; ;) {
    const { rows } = await sql<NamedUser>`
      select id, name from user where id > ${afterId} order by id limit ${sql.lit(PAGE_ROWS)}`.execute(db);
    for (const { id, name } of rows) {
      const normal = name.normalize('NFC');
      if (normal === name) continue;
      const changed = await freeName(db, id, normal);
      const arriving = changed.replaceAll(TRIMMED_ENDS, '');
      const header = arriving === changed || arriving === '' ? null : arriving;
      await sql`update user set name = ${changed}, header_name = ${header} where id = ${id}`.execute(db);
      if (changed !== normal) {
        renamed.push(
          `The user ${String(id)} is called "${changed}" now: the name "${normal}" has another user, or it is too long. Tell this user.`,
        );
      }
    }
    const last = rows.at(-1);
    if (last === undefined) return renamed;
    afterId = last.id;
  }
}

/** The name, or the first one of "name 7", "name 7-2", "name 7-3" that no other user has. */
async function freeName(db: QueryExecutorProvider, id: number, name: string): Promise<string> {
  // It ends at the latest after as many turns as there are users.
  for (let turn = 0; ; turn++) {
    const suffix = turn === 0 ? '' : turn === 1 ? ` ${String(id)}` : ` ${String(id)}-${String(turn)}`;
    const kept = NAME_CHARACTERS - suffix.length;
    const candidate = Array.from(name).slice(0, kept).join('') + suffix;
    const same = await sql`select 1 from user where name = ${candidate} and id <> ${id}`.execute(db);
    if (same.rows.length === 0) return candidate;
  }
}
