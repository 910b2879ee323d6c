import { idChunks } from '../database/bulk-write.js';
import type { Store } from '../database/store.js';
import { type MergedPush, mergePositions } from '../sync/merge-positions.js';
import { type MoveContext, movedUser, type MoveOptions, NOBODY, ofKind } from './move-context.js';
import type { MovedPosition, MovedSource } from './moved-record.js';
import { moveExtras } from './move-extras.js';
import { MoveTally } from './move-tally.js';
import { moveUsers } from './move-users.js';
import { positionName, readPlace } from './read-place.js';

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
  { records, listsDevices }: MovedSource,
  { onProgress, ...options }: MoveOptions,
): Promise<MoveTally> {
  const tally = new MoveTally();
  const context: MoveContext = { ...options, users: new Map(), tally, nowMs: Date.now() };
  for await (const batch of records) {
    options.signal?.throwIfAborted();
    for (const record of batch) if (record.kind === 'unreadable') tally.leaveOut(record.reason, record.what);
    await moveUsers(store, ofKind(batch, 'user'), context);
    await movePositions(store, ofKind(batch, 'position'), context, !listsDevices);
    await moveExtras(store, batch, context);
    tally.noteRecords(batch.length);
    onProgress?.(tally);
  }
  return tally;
}

async function movePositions(
  store: Store,
  positions: readonly MovedPosition[],
  context: MoveContext,
  marksDevices: boolean,
): Promise<void> {
  const { isApplied, tally } = context;
  const pushes: MergedPush[] = [];
  for (const moved of positions) {
    const user = movedUser(context, moved.userName);
    if (user === undefined) continue;
    const push = readPlace(moved, user === 'new' ? NOBODY : user, context);
    if (typeof push === 'string') tally.leaveOut(push, positionName(moved));
    // Nothing of a user who would be made is there yet.
    else if (user === 'new') tally.positions.added++;
    else {
      const { isNewest = false, metadataJson } = moved;
      pushes.push({ ...push, isNewest, metadataJson });
    }
  }
  for (const chunk of chunksOfDocuments(pushes, POSITIONS_AT_ONCE[store.dialect])) {
    const outcomes = await mergePositions(store, chunk, { isApplied, marksDevices });
    for (const outcome of outcomes) tally.positions[outcome]++;
  }
}

/** In lists of about `size`, with the positions that stand together for one document in one list. */
function* chunksOfDocuments(pushes: readonly MergedPush[], size: number): Generator<readonly MergedPush[]> {
  let start = 0;
  for (let end = 1; end <= pushes.length; end++) {
    const last = pushes[end - 1];
    const next = pushes[end];
    const isSplit = last?.userId === next?.userId && last?.document === next?.document;
    if (end < pushes.length && (end - start < size || isSplit)) continue;
    // A document with thousands of devices.
    yield* idChunks(pushes.slice(start, end), 2 * size);
    start = end;
  }
}
