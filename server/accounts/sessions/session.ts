import { hash } from 'node:crypto';
import type { ApiKeyId, SessionId, UserId } from '../../domain/ids.js';
import { type PermissionSet, permissionsOfKey, permissionsOfUser } from '../../domain/permission.js';
import type { User } from '../user.js';

/** How a session was begun. */
export type SessionVia = 'password' | 'api-key' | 'link';

/** A session that nobody has used for so long has ended: a household member who looks in once a month stays signed in. */
const IDLE_SECONDS = 30 * 24 * 60 * 60;

/** A session as lists show it. */
export interface SessionSummary {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly via: SessionVia;
  /** What the browser calls itself, shortened (browser-name.ts); `undefined` if it said nothing that can be shown. */
  readonly browser: string | undefined;
  readonly createdSeconds: number;
  /** To the minute. */
  readonly lastUsedSeconds: number;
}

/** What a look-up by secret returns: everything that is needed to authenticate a request. */
export interface SessionWithUser {
  readonly session: SessionSummary & { readonly passwordSha256: Buffer };
  readonly user: User;
  /** Of a session that was begun with an API key. */
  readonly key: SessionKey | undefined;
}

export interface SessionKey {
  readonly id: ApiKeyId;
  readonly permissions: PermissionSet;
  readonly expiresSeconds: number | undefined;
  /** Or gone. */
  readonly isRevoked: boolean;
}

/** The time of last use before which a session has ended by now. */
export function idleSinceSeconds(): number {
  return Math.floor(Date.now() / 1000) - IDLE_SECONDS;
}

/** What a session remembers of the user's password: it ends when the user has another one, or none, or the first one. */
export function passwordSha256({ passwordHash }: Pick<User, 'passwordHash'>): Buffer {
  return hash('sha256', passwordHash ?? '', 'buffer');
}

/** Whether the session still signs its user in. */
export function isLive({ session, user, key }: SessionWithUser): boolean {
  if (session.lastUsedSeconds < idleSinceSeconds() || user.isDisabled) return false;
  if (!session.passwordSha256.equals(passwordSha256(user))) return false;
  if (key === undefined) return true;
  return !key.isRevoked && (key.expiresSeconds === undefined || Date.now() < key.expiresSeconds * 1000);
}

/** What the session permits: no more than the key that it was begun with. */
export function permissionsOfSession({ user, key }: SessionWithUser): PermissionSet {
  return key === undefined ? permissionsOfUser(user) : permissionsOfKey(key.permissions, user);
}
