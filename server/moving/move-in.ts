import type { UserId } from '../domain/ids.js';
import type { Store } from '../database/store.js';
import { mergePositions } from '../sync/merge-positions.js';
import type { ProgressPush } from '../sync/progress.js';
import type { MovedPosition, MovedRecord, MovedRecords, MovedUser } from './moved-record.js';
import { MoveTally } from './move-tally.js';
import { moveUsers, type MovedUserIds } from './move-users.js';
import { positionName, readPosition } from './read-position.js';

export interface MoveOptions {
  /** `false`: nothing is written, and the tally says what would be. */
  readonly isApplied: boolean;
  /** Whether users of both servers with one name are one person even if their passwords differ. */
  readonly isSameName: boolean;
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (tally: MoveTally) => void;
}

/** Positions of one transaction. In SQLite readers' pushes wait for it. */
const POSITIONS_AT_ONCE = { mysql: 500, sqlite: 256 } as const;

/**
 * Takes over what another server holds: users with the keys that their readers send, and positions with device and time.
 * What is there already and newer stays. Everything is written in small transactions, and all of it can be done again, so
 * an import that was stopped goes on when it is started again.
 *
 * Nothing of the source stops it: what Dogear refuses is left out, counted, and the first of each kind named.
 *
 * @throws MoveError when the source cannot be read any further; the reason of `signal`; errors of the database
 */
export async function moveIn(
  store: Store,
  records: MovedRecords,
  { isApplied, isSameName, signal, onProgress }: MoveOptions,
): Promise<MoveTally> {
  const tally = new MoveTally();
  const users: MovedUserIds = new Map();
  const nowMs = Date.now();
  for await (const batch of records) {
    signal?.throwIfAborted();
    const { named, positions } = sorted(batch, tally);
    await moveUsers(store, named, users, { isApplied, isSameName, tally, ...(signal && { signal }) });
    await movePositions(store, positions, users, { isApplied, nowMs, tally });
    tally.noteRecords(batch.length);
    onProgress?.(tally);
  }
  return tally;
}

function sorted(
  batch: readonly MovedRecord[],
  tally: MoveTally,
): { readonly named: readonly MovedUser[]; readonly positions: readonly MovedPosition[] } {
  const named: MovedUser[] = [];
  const positions: MovedPosition[] = [];
  for (const record of batch) {
    if (record.kind === 'user') named.push(record);
    else if (record.kind === 'position') positions.push(record);
    else tally.leaveOut(record.reason, record.what);
  }
  return { named, positions };
}

async function movePositions(
  store: Store,
  positions: readonly MovedPosition[],
  users: MovedUserIds,
  {
    isApplied,
    nowMs,
    tally,
  }: { readonly isApplied: boolean; readonly nowMs: number; readonly tally: MoveTally },
): Promise<void> {
  const pushes: ProgressPush[] = [];
  for (const moved of positions) {
    const user = users.get(moved.userName);
    if (user === undefined) tally.leaveOut('user-without-account', moved.userName);
    else if (user === 'left-out') tally.leaveOut('user-left-out', moved.userName);
    else {
      const push = readPosition(moved, user === 'new' ? NOBODY : user, nowMs, tally);
      if (typeof push === 'string') tally.leaveOut(push, positionName(moved));
      // Nothing of a user who would be made is there yet.
      else if (user === 'new') tally.positions.added++;
      else pushes.push(push);
    }
  }
  const size = POSITIONS_AT_ONCE[store.dialect];
  for (let start = 0; start < pushes.length; start += size) {
    const outcomes = await mergePositions(store, pushes.slice(start, start + size), { isApplied });
    for (const outcome of outcomes) tally.positions[outcome]++;
  }
}

/** In place of the id of a user who is not made in a dry run. It is written nowhere. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no row has this id
const NOBODY = 0 as UserId;
