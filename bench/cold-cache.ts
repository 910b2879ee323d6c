import { writeFileSync } from 'node:fs';
import { errorMessage } from '../server/domain/error-text.js';
import { runChild } from './child-process.js';

const DROP_CACHES = '/proc/sys/vm/drop_caches';

export type ColdCache =
  | { readonly state: 'available'; drop(): Promise<void> }
  | { readonly state: 'unavailable'; readonly reason: string };

/** Whether this process may empty the system's page cache. The cache of a hypervisor cannot be emptied from here. */
export function coldCache(): ColdCache {
  try {
    writeFileSync(DROP_CACHES, '3');
    return { state: 'available', drop };
  } catch (error) {
    const reason = errorMessage(error);
    return { state: 'unavailable', reason: `the page cache cannot be dropped here: ${reason}` };
  }
}

async function drop(): Promise<void> {
  // The kernel drops clean pages only, so dirty ones are written first.
  await runChild('sync', []);
  writeFileSync(DROP_CACHES, '3');
}
