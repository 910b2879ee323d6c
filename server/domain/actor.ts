import type { UserId } from './ids.js';
import { ALL_PERMISSIONS, type PermissionSet } from './permission.js';

/** Who wants something done: a principal of a request, or the operator at the command line. */
export interface Actor {
  readonly permissions: PermissionSet;
  readonly isOwner: boolean;
  /** `undefined`: the operator, who is no user. */
  readonly userId: UserId | undefined;
}

/** Whoever may run commands on the database may do everything anyway. */
export const OPERATOR: Actor = { permissions: ALL_PERMISSIONS, isOwner: true, userId: undefined };
