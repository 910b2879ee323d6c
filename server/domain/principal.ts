import type { ApiKeyId, SessionId, UserId } from './ids.js';
import type { PermissionSet } from './permission.js';

/** The authenticated sender of a request, and what the request may do. */
export interface Principal {
  readonly userId: UserId;
  readonly userName: string;
  readonly permissions: PermissionSet;
  readonly isOwner: boolean;
  /** The API key that the request carried, or that its session was begun with. `undefined`: a password instead. */
  readonly apiKeyId: ApiKeyId | undefined;
  /** The session that the request's cookie names. Absent: the request carried its own credentials. */
  readonly sessionId?: SessionId;
}
