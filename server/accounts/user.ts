import type { UserId } from '../domain/ids.js';
import type { PermissionSet } from '../domain/permission.js';

export interface User {
  readonly id: UserId;
  readonly name: string;
  /** The hash of the password key (passwords/scrypt-hash.ts); `undefined`: the user can use API keys only. */
  readonly passwordHash: string | undefined;
  readonly isOwner: boolean;
  readonly permissions: PermissionSet;
  readonly isDisabled: boolean;
}

/** A user as lists show it. */
export interface UserSummary extends User {
  readonly createdSeconds: number;
}
