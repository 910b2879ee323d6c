import type { UserId } from '../domain/ids.js';
import type { PermissionSet } from '../domain/permission.js';

export interface User {
  readonly id: UserId;
  readonly name: string;
  /** Hash of the key that a reader sends (auth/scrypt-hash.ts); `undefined`: API keys only. */
  readonly passwordHash: string | undefined;
  readonly isOwner: boolean;
  readonly permissions: PermissionSet;
  readonly isDisabled: boolean;
}

/** Characters of a name; the column holds them as UTF-8. */
export const USER_NAME_CHARACTERS = 64;

// No control characters; no colon, which ends the name in HTTP Basic. First and last are printable ASCII, because
// uWebSockets.js takes other bytes at the ends of a header for white space: "José" would arrive as "Jos".
const USER_NAME = /^[!-9;-~](?:[^\p{C}:]*[!-9;-~])?$/u;

export function isUserName(text: string): boolean {
  return text.length <= USER_NAME_CHARACTERS && USER_NAME.test(text);
}

/** A user as management sees it. */
export interface UserSummary extends User {
  readonly createdSeconds: number;
}
