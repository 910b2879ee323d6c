import { sql } from 'kysely';
import { ANY_USER, EVERY_USER, type Topic } from '../changes/change-mark-repository.js';
import { forceIndex } from '../database/by-index.js';
import { databaseNowMs } from '../database/database-clock.js';
import { toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';
import { type ScanId, scanId, type UserId } from '../domain/ids.js';
import { visibleLibraryRevisions } from '../library/library-repository.js';
import type { LibraryVisibility } from '../library/library-visibility.js';

/** What a viewer may see. */
export interface Viewer {
  readonly userId: UserId;
  readonly seesAllUsers: boolean;
  readonly seesScans: boolean;
  readonly visibility: LibraryVisibility;
}

export interface ChangeSigns {
  /** For each topic, the revisions of the rows that concern the viewer. */
  readonly revisions: Readonly<Record<Topic, string>>;
  /** Ids and revisions of the visible libraries. */
  readonly libraries: string;
  /** Scans of visible libraries that run, or have ended within the last seconds. */
  readonly scans: readonly ScanId[];
  /** By the database's clock. */
  readonly nowMs: number;
}

/** Scans of one look; the oldest of them. Four run in a process, and each ends once in a while. */
const MOST_SCANS = 100;

interface SignRow {
  readonly kind: string;
  readonly id: number | string;
  readonly revision: number | string;
}

/**
 * Everything that a page that stays open has to look at, in one statement. Each part reads a few rows by an index: at
 * most three of each topic, the libraries, the scans that run and those that ended a moment ago.
 */
export async function readChangeSigns(
  store: Store,
  viewer: Viewer,
  endedWithinMs: number,
): Promise<ChangeSigns> {
  const { db, dialect } = store;
  const users = [viewer.userId, EVERY_USER, ...(viewer.seesAllUsers ? [ANY_USER] : [])];
  const now = databaseNowMs(dialect);
  const index = (name: string) => sql.raw(forceIndex(dialect, name));
  const scans = viewer.seesScans
    ? sql`
      union all
      select 'scan', id, 0 from scan ${index('scan_state')}
        where state = 'running' and library_id in (select id from visible)
      union all
      select 'scan', id, 0 from scan ${index('scan_finished')}
        where finished_ms > ${now} - ${endedWithinMs} and library_id in (select id from visible)`
    : sql``;
  const { rows } = await sql<SignRow>`
    with visible as ${visibleLibraryRevisions(store, viewer.visibility)}
    select topic as kind, user_id as id, revision from change_mark ${index('primary')}
      where user_id in (${sql.join(users)})
    union all
    select 'library', id, revision from visible
    union all
    select 'now', 0, ${now}
    ${scans}`.execute(db);
  return signsOf(rows);
}

function signsOf(rows: readonly SignRow[]): ChangeSigns {
  const of = (kind: string): readonly SignRow[] =>
    rows.filter((row) => row.kind === kind).toSorted((left, right) => toNumber(left.id) - toNumber(right.id));
  const textOf = (kind: string): string =>
    of(kind)
      .map(({ id, revision }) => `${String(id)}:${String(revision)}`)
      .join(' ');
  return {
    revisions: {
      progress: textOf('progress'),
      devices: textOf('devices'),
      api_keys: textOf('api_keys'),
      users: textOf('users'),
    },
    libraries: textOf('library'),
    scans: of('scan')
      .slice(0, MOST_SCANS)
      .map(({ id }) => scanId(toNumber(id))),
    nowMs: toNumber(of('now')[0]?.revision ?? 0),
  };
}
