import { type ExpressionBuilder, type Selectable, sql } from 'kysely';
import type { LibraryId, UserId } from '../domain/ids.js';
import type { Library } from './library.js';
import { toLibrary } from './library-repository.js';
import type { LibraryTable, Schema } from '../database/schema.js';
import type { Store } from '../database/store.js';

/** Whose eyes: restricted libraries are there for their readers only, unless everything is to be seen. */
export type Viewer = UserId | 'all';

export interface LibrarySummary {
  readonly library: Library;
  readonly isRestricted: boolean;
}

/** By name. */
export async function librariesPage(
  store: Store,
  viewer: Viewer,
  page: { readonly afterName: string | undefined; readonly limit: number },
): Promise<readonly LibrarySummary[]> {
  let query = visible(store, viewer);
  if (page.afterName !== undefined) query = query.where('library.name', '>', page.afterName);
  const rows = await query.orderBy('library.name').limit(page.limit).execute();
  return rows.map(toListed);
}

/** @returns `undefined` for a library that is not there, or not for these eyes */
export async function findVisibleLibrary(
  store: Store,
  viewer: Viewer,
  id: LibraryId,
): Promise<LibrarySummary | undefined> {
  const row = await visible(store, viewer).where('library.id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toListed(row);
}

/** All of them, by id: libraries are made by people, and there are few. */
export async function visibleLibraries(store: Store, viewer: Viewer): Promise<readonly Library[]> {
  const rows = await visible(store, viewer).orderBy('library.id').execute();
  return rows.map((row) => toListed(row).library);
}

function visible(store: Store, viewer: Viewer) {
  const query = store.db
    .selectFrom('library')
    .selectAll('library')
    .select((where) => where.exists(restriction(where)).as('is_restricted'));
  if (viewer === 'all') return query;
  return query.where((where) =>
    where.or([
      where.not(where.exists(restriction(where))),
      where.exists(
        where
          .selectFrom('library_reader')
          .select(sql.lit(1).as('one'))
          .whereRef('library_reader.library_id', '=', 'library.id')
          .where('library_reader.user_id', '=', viewer),
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

function toListed(row: Selectable<LibraryTable> & { readonly is_restricted: unknown }): LibrarySummary {
  return { library: toLibrary(row), isRestricted: Number(row.is_restricted) === 1 };
}
