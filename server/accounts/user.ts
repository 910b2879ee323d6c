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

/** The largest number of UTF-16 code units in a name. The column holds the name as UTF-8. */
export const USER_NAME_CHARACTERS = 64;

// No control characters, and no colon, because a colon ends the name in HTTP Basic. The first and the last character
// are printable ASCII, because uWebSockets.js trims other bytes at both ends of a header like white space: "José" would
// arrive as "Jos".
const USER_NAME = /^[!-9;-~](?:[^\p{C}:]*[!-9;-~])?$/u;

export function isUserName(text: string): boolean {
  return text.length <= USER_NAME_CHARACTERS && USER_NAME.test(text);
}

/** A user as lists show it. */
export interface UserSummary extends User {
  readonly createdSeconds: number;
}
