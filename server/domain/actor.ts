import type { UserId } from './ids.js';
import { ALL_PERMISSIONS, type PermissionSet } from './permission.js';

/** On whose behalf a use case runs: the principal of a request, or the operator at the command line. */
export interface Actor {
  readonly permissions: PermissionSet;
  readonly isOwner: boolean;
  /** `undefined`: the operator, who has no user account. */
  readonly userId: UserId | undefined;
}

/** The operator may do everything: whoever runs commands can change the database directly too. */
export const OPERATOR: Actor = { permissions: ALL_PERMISSIONS, isOwner: true, userId: undefined };
