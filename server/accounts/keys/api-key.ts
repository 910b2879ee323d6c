import type { ApiKeyId, UserId } from '../../domain/ids.js';
import type { PermissionSet } from '../../domain/permission.js';
import type { Principal } from '../../domain/principal.js';

/** What a request with an API key needs of the key and its user. Small, because thousands of them are cached. */
export interface CachedKey {
  /** The first characters of the key, which are not secret. Several keys may share them. */
  readonly prefix: string;
  readonly expiresSeconds: number | undefined;
  readonly lastUsedSeconds: number | undefined;
  /** The key is revoked, or its user disabled. */
  readonly isRefused: boolean;
  readonly principal: Principal & { readonly apiKeyId: ApiKeyId };
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
