import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { ScanId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import { findScanFor, getScan, type ScanContext, type ScanDetails } from './get-scan.js';
import {
  type FailureCount,
  failureCounts,
  type FailureCursor,
  failuresPage,
  type KeptFailure,
} from './scan-failure-repository.js';

export interface ScanWithFailures {
  readonly scan: ScanDetails;
  /** What it could not read so far, by reason, the most frequent reason first. */
  readonly failures: readonly FailureCount[];
}

/** @throws DogearError `scan-not-found`, as `getScan` */
export async function getScanWithFailures(
  context: ScanContext,
  actor: Actor,
  id: ScanId,
): Promise<ScanWithFailures> {
  const scan = await getScan(context, actor, id);
  return { scan, failures: await failureCounts(context.store, id) };
}

export interface FailurePage extends Page<KeptFailure, FailureCursor> {
  /** Of the wanted reason, or of all. */
  readonly total: number;
  readonly kept: number;
}

/**
 * A page of the files and folders that a scan could not read, as far as they are kept, ordered by reason.
 *
 * @param reason `undefined`: all reasons
 * @throws DogearError `scan-not-found`: there is no such scan, or it is one of a library that the actor may not see
 */
export async function listFailures(
  store: Store,
  actor: Actor,
  id: ScanId,
  reason: string | undefined,
  { after, limit }: PageRequest<FailureCursor>,
): Promise<FailurePage> {
  await findScanFor(store, actor, id);
  const counts = (await failureCounts(store, id)).filter(
    (count) => reason === undefined || count.reason === reason,
  );
  const rows = await failuresPage(store, id, { reason, after, limit: limit + 1 });
  return {
    ...pageOf(rows, limit, ({ code, number }) => ({ reason: code, number })),
    total: counts.reduce((sum, { failures }) => sum + failures, 0),
    kept: counts.reduce((sum, { kept }) => sum + kept, 0),
  };
}
