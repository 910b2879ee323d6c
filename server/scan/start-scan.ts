import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { LibraryId } from '../domain/ids.js';
import { getLibrary } from '../library/get-library.js';
import type { BackgroundScans } from './background-scans.js';
import { getScan, type ScanDetails } from './get-scan.js';

/**
 * Begins a scan of a library in the background. For actors with `library:scan`: the caller checks it.
 *
 * @returns the scan at its start
 * @throws DogearError `library-not-found`, also for a library that the actor may not see; as `BackgroundScans.start`
 */
export async function startScan(
  context: { readonly store: Store; readonly scans: BackgroundScans },
  actor: Actor,
  id: LibraryId,
  options: Parameters<BackgroundScans['start']>[1],
): Promise<ScanDetails> {
  const { library } = await getLibrary(context.store, actor, id);
  return getScan(context, actor, await context.scans.start(library, options));
}
