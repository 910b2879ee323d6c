import { createHash } from 'node:crypto';
import type { Principal } from '../domain/principal.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';
import { getScansById, type ScanContext, type ScanDetails } from '../scan/get-scan.js';
import { pause } from '../scan/watch-scan.js';
import { readChangeSigns, type Viewer } from './change-sign-repository.js';

/** With the time that a push's mark may wait (server/changes/change-marks.ts) below a second. */
const LOOK_EVERY_MS = 700;
/** How long an ended scan is shown: a page that was away for a moment sees how it ended. */
const ENDED_WITHIN_MS = 10_000;

/** Opaque texts. One changes when a list of its name may have changed for the viewer. */
export type ChangeVersions = Readonly<
  Record<'progress' | 'devices' | 'api_keys' | 'libraries' | 'users', string>
>;

export interface ChangeState {
  /** Scans that run, and those that have ended a moment ago; none for viewers who may not see scans. */
  readonly scans: readonly ScanDetails[];
  readonly versions: ChangeVersions;
}

/**
 * Yields what may have changed for the viewer, at once and then more than once a second, changed or not. Each look is one
 * statement, and a second one while scans are shown; it costs the same whatever the libraries hold that the viewer may
 * not see. Ends when the signal aborts.
 *
 * What the viewer may see is taken from `principal`: when its permissions change, begin anew.
 */
export async function* watchChanges(
  context: ScanContext,
  principal: Principal,
  signal: AbortSignal,
): AsyncGenerator<ChangeState> {
  const { permissions } = principal;
  const viewer: Viewer = {
    userId: principal.userId,
    seesAllUsers: permissions.has('user:manage'),
    seesScans: permissions.has('library:scan') || permissions.has('library:manage'),
    visibility: libraryVisibilityOf(principal),
  };
  while (!signal.aborted) {
    const { revisions, libraries, scans, nowMs } = await readChangeSigns(
      context.store,
      viewer,
      ENDED_WITHIN_MS,
    );
    yield {
      scans: await getScansById(context, scans, nowMs),
      versions: {
        progress: shortDigest(revisions.progress),
        devices: shortDigest(revisions.devices),
        api_keys: shortDigest(revisions.api_keys),
        libraries: shortDigest(libraries),
        users: shortDigest(revisions.users),
      },
    };
    await pause(LOOK_EVERY_MS, signal);
  }
}

/** Short, however many libraries there are. */
function shortDigest(revisions: string): string {
  return createHash('sha256').update(revisions).digest('base64url').slice(0, 16);
}
