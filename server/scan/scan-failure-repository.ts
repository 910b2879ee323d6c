import { bulkUpsert } from '../database/bulk-write.js';
import { byIndex, deleteByIndex } from '../database/by-index.js';
import { toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';
import type { ScanId } from '../domain/ids.js';
import type { FileFailure } from './scan.js';

/** How often a scan failed to read something for one reason. */
export interface FailureCount {
  /** As {@link FileFailure.code}. */
  readonly reason: string;
  readonly failures: number;
  /** How many of them are kept by name. */
  readonly kept: number;
}

export interface KeptFailure extends FileFailure {
  /** The order among the failures of the same reason, from 1. */
  readonly number: number;
}

/** The widths of the columns. Only the path of a file that is too deep to be opened is longer. */
const PATH_BYTES = 4096;
const MESSAGE_CHARACTERS = 255;

/** @param counts of all failures of the scan so far, of those reasons that have new ones */
export async function saveScanFailures(
  store: Store,
  id: ScanId,
  counts: readonly FailureCount[],
  failures: readonly KeptFailure[],
): Promise<void> {
  await bulkUpsert(
    store,
    {
      table: 'scan_failure_count',
      columns: ['scan_id', 'reason', 'failures', 'kept'],
      key: ['scan_id', 'reason'],
      update: ['failures', 'kept'],
    },
    counts.flatMap(({ reason, failures: total, kept }) => [id, reason, total, kept]),
  );
  await bulkUpsert(
    store,
    {
      table: 'scan_failure',
      columns: ['scan_id', 'reason', 'number', 'path', 'message'],
      key: ['scan_id', 'reason', 'number'],
      update: [],
    },
    failures.flatMap(({ code, number, path, message }) => [
      id,
      code,
      number,
      path.subarray(0, PATH_BYTES),
      message.slice(0, MESSAGE_CHARACTERS),
    ]),
  );
}

/** The reason with most failures first. */
export async function failureCounts(store: Store, id: ScanId): Promise<readonly FailureCount[]> {
  const rows = await store.db
    .selectFrom('scan_failure_count')
    .select(['reason', 'failures', 'kept'])
    .where('scan_id', '=', id)
    .orderBy('failures', 'desc')
    .orderBy('reason')
    .execute();
  return rows.map((row) => ({ reason: row.reason, failures: toNumber(row.failures), kept: row.kept }));
}

export interface FailureCursor {
  readonly reason: string;
  readonly number: number;
}

/** The kept failures of a scan, ordered by reason, and then as the scan met them. */
export async function failuresPage(
  store: Store,
  id: ScanId,
  page: {
    readonly reason: string | undefined;
    readonly after: FailureCursor | undefined;
    readonly limit: number;
  },
): Promise<readonly KeptFailure[]> {
  const { after } = page;
  let query = store.db
    .selectFrom(byIndex(store, 'scan_failure', 'primary'))
    .select(['reason', 'number', 'path', 'message'])
    .where('scan_id', '=', id);
  if (page.reason !== undefined) query = query.where('reason', '=', page.reason);
  if (after !== undefined) {
    query = query.where((where) =>
      where.or([
        where('reason', '>', after.reason),
        where.and([where('reason', '=', after.reason), where('number', '>', after.number)]),
      ]),
    );
  }
  const rows = await query.orderBy('reason').orderBy('number').limit(page.limit).execute();
  return rows.map(({ reason, number, path, message }) => ({ code: reason, number, path, message }));
}

/** @param ids ascending */
export async function deleteFailuresOfScans(store: Store, ids: readonly ScanId[]): Promise<void> {
  for (const table of ['scan_failure', 'scan_failure_count'] as const) {
    await deleteByIndex(store, { table, column: 'scan_id', index: 'primary', keys: ids });
  }
}
