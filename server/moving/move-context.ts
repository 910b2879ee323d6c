import type { UserId } from '../domain/ids.js';
import type { MovedRecord } from './moved-record.js';
import type { MoveTally } from './move-tally.js';

export interface MoveOptions {
  /** `false`: nothing is written, and the tally says what would be. */
  readonly isApplied: boolean;
  /** Whether users of both servers with one name are one person even if their passwords differ. */
  readonly isSameName: boolean;
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (tally: MoveTally) => void;
}

/**
 * Whose positions are moved, by the name at the source. `new`: would be made. Some hundred bytes for each user: a source
 * gives users and positions in no order.
 */
export type MovedUserIds = Map<string, UserId | 'new' | 'left-out'>;

/** What all steps of moving in share. */
export interface MoveContext extends Omit<MoveOptions, 'onProgress'> {
  readonly users: MovedUserIds;
  readonly tally: MoveTally;
  /** Since 1970. */
  readonly nowMs: number;
}

/** The records of one kind. */
export function ofKind<Kind extends MovedRecord['kind']>(
  batch: readonly MovedRecord[],
  kind: Kind,
): readonly Extract<MovedRecord, { readonly kind: Kind }>[] {
  return batch.filter(
    (record): record is Extract<MovedRecord, { readonly kind: Kind }> => record.kind === kind,
  );
}

/** @returns `undefined` when the user is left out, which is noted */
export function movedUser({ users, tally }: MoveContext, userName: string): UserId | 'new' | undefined {
  const user = users.get(userName);
  if (user !== undefined && user !== 'left-out') return user;
  tally.leaveOut(user === undefined ? 'user-without-account' : 'user-left-out', userName);
  return undefined;
}

/** In place of the id of a user who is not made in a dry run. It is written nowhere. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no row has this id
export const NOBODY = 0 as UserId;
