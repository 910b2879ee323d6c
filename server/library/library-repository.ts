import { type ExpressionBuilder, type Selectable, sql } from 'kysely';
import { isDuplicateKey } from '../database/database-error.js';
import { toNumber } from '../database/int64.js';
import { type LibraryTable, NEXT_REVISION, type Schema } from '../database/schema.js';
import type { Store } from '../database/store.js';
import { type LibraryId, libraryId } from '../domain/ids.js';
import { type FileRules, type Library, type LibrarySummary, NEW_FILE_RULES } from './library.js';
import type { LibraryVisibility } from './library-visibility.js';

export interface NewLibrary {
  readonly name: string;
  readonly root: Buffer;
  readonly extensions: readonly string[] | undefined;
  readonly koreaderHashes: boolean;
  /** Default: {@link NEW_FILE_RULES}. */
  readonly fileRules?: FileRules;
}

/** @returns `undefined` when the name is taken */
export async function insertLibrary(store: Store, library: NewLibrary): Promise<Library | undefined> {
  if ((await findLibraryByName(store, library.name)) !== undefined) return undefined;
  const fileRules = library.fileRules ?? NEW_FILE_RULES;
  const values = {
    name: library.name,
    root: library.root,
    extensions: library.extensions === undefined ? null : JSON.stringify(library.extensions),
    koreader_hashes: asBit(library.koreaderHashes),
    created_s: Math.floor(Date.now() / 1000),
    ...fileRuleColumns(fileRules),
  } as const;
  try {
    const { insertId } = await store.db.insertInto('library').values(values).executeTakeFirstOrThrow();
    return { ...library, fileRules, id: libraryId(Number(insertId)) };
  } catch (error) {
    // Two callers may insert the same name at once. Only the unique key can decide which of them wins.
    if (isDuplicateKey(error)) return undefined;
    throw error;
  }
}

/** All libraries ordered by name, including restricted ones. */
export async function allLibraries(store: Store): Promise<readonly Library[]> {
  const rows = await store.db.selectFrom('library').selectAll().orderBy('name').execute();
  return rows.map(toLibrary);
}

export async function findLibraryByName(store: Store, name: string): Promise<Library | undefined> {
  const row = await store.db.selectFrom('library').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? undefined : toLibrary(row);
}

/** Locks the library's row until the transaction ends, so that two scans of it cannot begin at the same time. */
export async function lockLibrary({ db }: Store, id: LibraryId): Promise<Library | undefined> {
  await db.updateTable('library').set(NEXT_REVISION).where('id', '=', id).execute();
  const row = await db.selectFrom('library').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toLibrary(row);
}

export interface LibraryChanges {
  readonly name?: string;
  readonly root?: Buffer;
  /** Present and `undefined`: every extension that KOReader opens. */
  readonly extensions?: readonly string[] | undefined;
  readonly koreaderHashes?: boolean;
  /** Those that are left out stay. */
  readonly fileRules?: Partial<FileRules>;
}

/** @returns `false` when the new name is taken */
export async function updateLibrary(store: Store, id: LibraryId, changes: LibraryChanges): Promise<boolean> {
  const set = {
    ...(changes.name === undefined ? {} : { name: changes.name }),
    ...(changes.root === undefined ? {} : { root: changes.root }),
    ...('extensions' in changes
      ? { extensions: changes.extensions === undefined ? null : JSON.stringify(changes.extensions) }
      : {}),
    ...(changes.koreaderHashes === undefined ? {} : { koreader_hashes: asBit(changes.koreaderHashes) }),
    ...fileRuleColumns(changes.fileRules ?? {}),
  };
  if (Object.keys(set).length === 0) return true;
  try {
    await store.db
      .updateTable('library')
      .set({ ...set, ...NEXT_REVISION })
      .where('id', '=', id)
      .execute();
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

function fileRuleColumns({ skipSystem, ignorePatterns, followLinks }: Partial<FileRules>) {
  return {
    ...(skipSystem === undefined ? {} : { skip_system: asBit(skipSystem) }),
    ...(ignorePatterns === undefined
      ? {}
      : { ignore_patterns: ignorePatterns.length === 0 ? null : ignorePatterns.join('\n') }),
    ...(followLinks === undefined ? {} : { follow_links: asBit(followLinks) }),
  };
}

function asBit(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

/** Says that something of the library has changed that its own row does not hold: pages that show it read it again. */
export async function touchLibrary({ db }: Store, id: LibraryId): Promise<void> {
  await db.updateTable('library').set(NEXT_REVISION).where('id', '=', id).execute();
}

/** Deletes the library's own row. What else belongs to it is deleted by the room `removal`. */
export async function deleteLibraryRow({ db }: Store, id: LibraryId): Promise<void> {
  await db.deleteFrom('library').where('id', '=', id).execute();
}

/** A page of the visible libraries, ordered by name. */
export async function librariesPage(
  store: Store,
  visibility: LibraryVisibility,
  page: { readonly afterName: string | undefined; readonly limit: number },
): Promise<readonly LibrarySummary[]> {
  let query = selectVisible(store, visibility);
  if (page.afterName !== undefined) query = query.where('library.name', '>', page.afterName);
  const rows = await query.orderBy('library.name').limit(page.limit).execute();
  return rows.map(toSummary);
}

/** @returns `undefined` for a library that does not exist or is not visible */
export async function findVisibleLibrary(
  store: Store,
  visibility: LibraryVisibility,
  id: LibraryId,
): Promise<LibrarySummary | undefined> {
  const row = await selectVisible(store, visibility).where('library.id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toSummary(row);
}

/** All visible libraries ordered by id. Without pages, because libraries are added by hand and there are few of them. */
export async function visibleLibraries(
  store: Store,
  visibility: LibraryVisibility,
): Promise<readonly Library[]> {
  const rows = await selectVisible(store, visibility).orderBy('library.id').execute();
  return rows.map((row) => toSummary(row).library);
}

/** A query of the ids and revisions of all visible libraries, for statements that read something else with them. */
export function visibleLibraryRevisions(store: Store, visibility: LibraryVisibility) {
  return selectVisible(store, visibility).clearSelect().select(['library.id', 'library.revision']);
}

/** The revisions of all visible libraries. One that has changed: something of the library has. */
export async function libraryRevisions(
  store: Store,
  visibility: LibraryVisibility,
): Promise<ReadonlyMap<LibraryId, number>> {
  const rows = await visibleLibraryRevisions(store, visibility).execute();
  return new Map(rows.map(({ id, revision }) => [id, toNumber(revision)]));
}

/** The rule of library-visibility.ts in SQL. */
function selectVisible(store: Store, visibility: LibraryVisibility) {
  const query = store.db
    .selectFrom('library')
    .selectAll('library')
    .select((where) => where.exists(restriction(where)).as('is_restricted'));
  if (visibility === 'all') return query;
  return query.where((where) =>
    where.or([
      where.not(where.exists(restriction(where))),
      where.exists(
        where
          .selectFrom('library_reader')
          .select(sql.lit(1).as('one'))
          .whereRef('library_reader.library_id', '=', 'library.id')
          .where('library_reader.user_id', '=', visibility),
      ),
    ]),
  );
}

function restriction(where: ExpressionBuilder<Schema, 'library'>) {
  return where
    .selectFrom('restricted_library')
    .select(sql.lit(1).as('one'))
    .whereRef('restricted_library.library_id', '=', 'library.id');
}

function toLibrary(row: Selectable<LibraryTable>): Library {
  return {
    id: row.id,
    name: row.name,
    root: row.root,
    extensions: row.extensions === null ? undefined : extensionsFromJson(row.extensions),
    koreaderHashes: row.koreader_hashes === 1,
    fileRules: {
      skipSystem: row.skip_system === 1,
      ignorePatterns: row.ignore_patterns?.split('\n') ?? [],
      followLinks: row.follow_links === 1,
    },
  };
}

function extensionsFromJson(json: string): readonly string[] {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value.filter((extension) => typeof extension === 'string') : [];
}

function toSummary(row: Selectable<LibraryTable> & { readonly is_restricted: unknown }): LibrarySummary {
  return { library: toLibrary(row), isRestricted: Number(row.is_restricted) === 1 };
}
