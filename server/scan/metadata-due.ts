import { findPass } from '../book/metadata-pass-repository.js';
import type { Store } from '../database/store.js';
import type { LibraryId } from '../domain/ids.js';
import { allLibraries } from '../library/library-repository.js';
import { lastChanges } from './scan-repository.js';

/**
 * Libraries with files that no pass over their metadata has seen: a scan has changed or hashed books since the last one
 * began, or that one did not come to its end. Those over which a pass runs are left out.
 */
export async function librariesWithUnreadMetadata(store: Store): Promise<readonly LibraryId[]> {
  const changedMs = await lastChanges(store);
  const due: LibraryId[] = [];
  for (const { id } of await allLibraries(store)) {
    const changed = changedMs.get(id);
    if (changed === undefined) continue;
    const pass = await findPass(store, id);
    if (pass?.state === 'running') continue;
    if (pass?.state !== 'completed' || pass.startedMs <= changed) due.push(id);
  }
  return due;
}

/** Whether a pass runs over any library. Where its program was killed, time alone ends it. */
export async function isAnyPassRunning(store: Store): Promise<boolean> {
  for (const { id } of await allLibraries(store)) {
    if ((await findPass(store, id))?.state === 'running') return true;
  }
  return false;
}
