import type { ApiKeyId, UserId } from './ids.js';
import type { PermissionSet } from './permission.js';

/** The authenticated sender of a request, and what the request may do. */
export interface Principal {
  readonly userId: UserId;
  readonly userName: string;
  readonly permissions: PermissionSet;
  readonly isOwner: boolean;
  /** The API key that the request carried. `undefined`: it carried the account's own key instead. */
  readonly apiKeyId: ApiKeyId | undefined;
}
