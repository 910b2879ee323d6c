import type { ApiKeyId, UserId } from '../../domain/ids.js';
import type { PermissionSet } from '../../domain/permission.js';
import type { User } from '../user.js';

/** An API key as it is stored. Only the hash of its secret is stored. */
export interface ApiKey {
  readonly id: ApiKeyId;
  readonly name: string;
  readonly prefix: string;
  /** 32 bytes. */
  readonly secretSha256: Buffer;
  readonly permissions: PermissionSet;
  readonly expiresSeconds: number | undefined;
  readonly isRevoked: boolean;
  readonly lastUsedSeconds: number | undefined;
}

/** What a look-up by prefix returns: everything that is needed to authenticate a request. */
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
  readonly permissions: PermissionSet;
  readonly createdSeconds: number;
  readonly expiresSeconds: number | undefined;
  readonly lastUsedSeconds: number | undefined;
  readonly revokedSeconds: number | undefined;
}
