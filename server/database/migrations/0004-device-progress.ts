import { type QueryExecutorProvider, sql } from 'kysely';
import type { SqlDialect } from '../store.js';

/** Rows of one page: a statement of some ten milliseconds, and a transaction far below the bounds of clusters. */
const PAGE_ROWS = 5000;

const HEAD_COLUMNS = [
  'user_id',
  'document',
  'arrival',
  'pushed_ms',
  'percentage',
  'position',
  'device_key',
  'device_name',
] as const;

/**
 * Copies the newest row of each document into document_progress while servers of the release before still write to
 * `progress`. Runs outside of a transaction and may be stopped at any time: a page copies only what is missing or older,
 * so the next run continues.
 */
export async function copyNewestProgress(db: QueryExecutorProvider, dialect: SqlDialect): Promise<void> {
  if (!(await hasOldTable(db, dialect))) return;
  try {
    await forEachPage(db, dialect, 'progress', (page) => copyPage(db, dialect, 'progress', page));
  } catch (error) {
    // Another program has renamed it meanwhile. It copies what is missing.
    if (await hasOldTable(db, dialect)) throw error;
  }
}

/**
 * Renames `progress`, whose rows are from now on the positions of the devices that are not the last to have pushed. With
 * the new name a push of the release before cannot be committed any more, not even by a transaction that has begun: it
 * fails, and the reader keeps the position and sends it again. So nothing is acknowledged that pulls would not return.
 *
 * Afterwards document_progress takes over what was pushed, or deleted, after its page had been copied. Each of these
 * steps may run twice. In MySQL they are not one transaction; no server of this release uses the tables before the
 * migration is recorded.
 */
export async function deviceProgress(db: QueryExecutorProvider, dialect: SqlDialect): Promise<void> {
  if (await hasOldTable(db, dialect)) await renameOldTable(db, dialect);
  const latest = await latestArrival(db, dialect);
  await forEachPage(db, dialect, 'document_progress', (page) => deleteWithoutSource(db, page, latest));
  await forEachPage(db, dialect, 'device_progress', (page) => copyPage(db, dialect, 'device_progress', page));
  if (dialect === 'mysql') await startTickets(db, latest);
}

/**
 * The largest arrival of the release before: in MySQL microseconds since 1970, by a clock that may have stepped back since.
 */
async function latestArrival(db: QueryExecutorProvider, dialect: SqlDialect): Promise<number> {
  const clock = sql.raw(
    dialect === 'sqlite' ? '0' : "timestampdiff(microsecond, '1970-01-01', utc_timestamp(6))",
  );
  const { rows } = await sql<{ clock: number | string; head: number | string; device: number | string }>`
    select ${clock} as clock,
      (select coalesce(max(arrival), 0) from document_progress) as head,
      (select coalesce(max(arrival), 0) from device_progress) as device`.execute(db);
  return Math.max(...rows.flatMap(({ clock: now, head, device }) => [now, head, device].map(Number)));
}

/**
 * The arrivals of this release are greater than those of the release before: a pull compares the arrivals of all documents
 * of a book. 1024 arrivals belong to one ticket (server/sync/progress-repository.ts). A counter that is ahead stays so.
 */
async function startTickets(db: QueryExecutorProvider, latest: number): Promise<void> {
  await sql`alter table arrival_ticket auto_increment = ${sql.lit(Math.floor(latest / 1024) + 1)}`.execute(
    db,
  );
}

async function hasOldTable(db: QueryExecutorProvider, dialect: SqlDialect): Promise<boolean> {
  const tables =
    dialect === 'sqlite'
      ? sql`select 1 from sqlite_master where type = 'table' and name = 'progress'`
      : sql`select 1 from information_schema.tables where table_schema = database() and table_name = 'progress'`;
  return (await tables.execute(db)).rows.length > 0;
}

async function renameOldTable(db: QueryExecutorProvider, dialect: SqlDialect): Promise<void> {
  try {
    await sql`alter table progress rename to device_progress`.execute(db);
  } catch (error) {
    // Another program was first.
    if (await hasOldTable(db, dialect)) throw error;
  }
}

interface DocumentKey {
  readonly user_id: number | string;
  readonly document: Buffer;
}

/** Behind `after`, up to and including `last`. */
interface PageBounds {
  readonly after: DocumentKey | undefined;
  readonly last: DocumentKey | undefined;
}

/** The documents of a table in pages. The rows of one document are never divided between two pages. */
async function forEachPage(
  db: QueryExecutorProvider,
  dialect: SqlDialect,
  table: string,
  visit: (page: PageBounds) => Promise<void>,
): Promise<void> {
  const hint = sql.raw(dialect === 'mysql' ? 'force index (`primary`)' : '');
  let after: DocumentKey | undefined;
  do {
    const { rows } = await sql<DocumentKey>`
      select user_id, document from ${sql.table(table)} ${hint} where ${behind(after)}
      order by user_id, document limit 1 offset ${sql.lit(PAGE_ROWS - 1)}`.execute(db);
    const last = rows[0];
    await visit({ after, last });
    after = last;
  } while (after !== undefined);
}

function behind(key: DocumentKey | undefined, prefix = '') {
  if (key === undefined) return sql`1 = 1`;
  const [user, document] = [sql.ref(`${prefix}user_id`), sql.ref(`${prefix}document`)];
  return sql`(${user} > ${key.user_id} or (${user} = ${key.user_id} and ${document} > ${key.document}))`;
}

function within({ after, last }: PageBounds, prefix = '') {
  if (last === undefined) return behind(after, prefix);
  const [user, document] = [sql.ref(`${prefix}user_id`), sql.ref(`${prefix}document`)];
  const upTo = sql`(${user} < ${last.user_id} or (${user} = ${last.user_id} and ${document} <= ${last.document}))`;
  return sql`${behind(after, prefix)} and ${upTo}`;
}

/** Copies the newest row of each document that document_progress lacks or has in an older state. */
async function copyPage(
  db: QueryExecutorProvider,
  dialect: SqlDialect,
  table: string,
  page: PageBounds,
): Promise<void> {
  await sql`
    insert into document_metadata (user_id, document, metadata)
    select user_id, document, metadata from (${newest(table, page, sql`d.metadata is not null and`)}) as source
    where nth = 1 ${onConflict(dialect, ['metadata'], undefined)}`.execute(db);
  const columns = sql.join(HEAD_COLUMNS.map((column) => sql.ref(column)));
  await sql`
    insert into document_progress (${columns})
    select ${columns} from (${newest(table, page, sql``)}) as source
    where nth = 1 ${onConflict(dialect, HEAD_COLUMNS.slice(2), 'arrival')}`.execute(db);
}

/** The device key decides between equal arrivals, as it did before. */
function newest(table: string, page: PageBounds, condition: ReturnType<typeof sql>) {
  return sql`
    select d.*, row_number() over (
        partition by d.user_id, d.document order by d.arrival desc, d.device_key desc) as nth
    from ${sql.table(table)} as d left join document_progress as h
      on h.user_id = d.user_id and h.document = d.document
    where ${condition} (h.arrival is null or d.arrival > h.arrival) and ${within(page, 'd.')}`;
}

/** @param newer the existing row changes only where this column has a larger value */
function onConflict(dialect: SqlDialect, columns: readonly string[], newer: string | undefined) {
  if (dialect === 'sqlite') {
    const set = columns.map((column) => `${column} = excluded.${column}`).join(', ');
    const where = newer === undefined ? '' : ` where excluded.${newer} > ${newer}`;
    return sql.raw(`on conflict (user_id, document) do update set ${set}${where}`);
  }
  // MySQL assigns from left to right, so the column that is compared comes last.
  const ordered = [...columns.filter((column) => column !== newer), ...(newer === undefined ? [] : [newer])];
  const set = ordered.map((column) => {
    const old = `document_progress.${column}`;
    return newer === undefined
      ? `${column} = values(${column})`
      : `${column} = if(values(${newer}) > document_progress.${newer}, values(${column}), ${old})`;
  });
  return sql.raw(`on duplicate key update ${set.join(', ')}`);
}

/**
 * Deletes what was copied from a row that has been replaced or deleted since. copyPage() then copies the newest row that
 * is left. Two conditions keep what a server of this release has written, should another program have finished the
 * migration first where databases have no locks.
 */
async function deleteWithoutSource(
  db: QueryExecutorProvider,
  page: PageBounds,
  latest: number,
): Promise<void> {
  await sql`
    delete from document_progress
    where ${within(page, 'document_progress.')} and document_progress.arrival <= ${latest}
      and not exists (select 1 from schema_migration where name = '0004-device-progress')
      and not exists (
        select 1 from device_progress as d
        where d.user_id = document_progress.user_id and d.document = document_progress.document
          and d.device_key = document_progress.device_key and d.arrival = document_progress.arrival)`.execute(
    db,
  );
}
