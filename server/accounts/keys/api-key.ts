import type { ApiKeyId, UserId } from '../../domain/ids.js';
import type { PermissionSet } from '../../domain/permission.js';
import type { User } from '../user.js';

/** An API key as it is stored. Only the hash of its secret is stored. */
export interface ApiKey {
  readonly id: ApiKeyId;
  readonly name: string;
  /** The first characters of the key, which are not secret. Several keys may share them. */
  readonly prefix: string;
  /** Identifies the key; see hashOfSecret() in api-key-secret.ts. */
  readonly secretHash: string;
  readonly permissions: PermissionSet;
  readonly expiresSeconds: number | undefined;
  readonly isRevoked: boolean;
  readonly lastUsedSeconds: number | undefined;
}

/** What a look-up returns: everything that is needed to authenticate a request. */
export interface ApiKeyWithUser {
  readonly key: ApiKey;
  readonly user: User;
}

/** An API key as lists show it. */
export interface ApiKeySummary {
  readonly id: ApiKeyId;
  readonly userId: UserId;
  readonly name: string;
  readonly prefix: string;
  /** Under which the key is cached (`Accounts.keys`). */
  readonly secretHash: string;
  readonly permissions: PermissionSet;
  readonly createdSeconds: number;
  readonly expiresSeconds: number | undefined;
  readonly lastUsedSeconds: number | undefined;
  readonly revokedSeconds: number | undefined;
}
