import type { ApiKeyId, UserId } from './ids.js';
import type { PermissionSet } from './permission.js';

/** Who a request comes from, and what it may do. */
export interface Principal {
  readonly userId: UserId;
  readonly userName: string;
  readonly permissions: PermissionSet;
  readonly isOwner: boolean;
  /** `undefined`: came with the account's own key. */
  readonly apiKeyId: ApiKeyId | undefined;
}
