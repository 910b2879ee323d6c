import type { AccountCredentials } from './passwords/password-key.js';
import { headerFormOf, normalUserName } from './user-name.js';

/** The name in a login. Nothing is checked yet. */
export interface LoginName {
  /** In NFC. */
  readonly name: string;
  /** Whether it came in a header, which may have cut its ends (user-name.ts). */
  readonly mayBeCut: boolean;
}

/** The credentials of a request. */
export interface LoginCredentials extends LoginName, AccountCredentials {}

/** A name from a place that keeps it whole, such as Basic credentials or a body. */
export function wholeName(text: string): LoginName {
  return { name: normalUserName(text), mayBeCut: false };
}

/** A name from `x-auth-user`. */
export function headerName(text: string): LoginName {
  return { name: normalUserName(text), mayBeCut: true };
}

/** No name contains a colon. */
const HEADER_MARK = ':';

/** The name and where it came from as one text, for caches. */
export function loginTextOf({ name, mayBeCut }: LoginName): string {
  return mayBeCut ? HEADER_MARK + name : name;
}

/** The reverse of {@link loginTextOf}. */
export function parseLoginText(text: string): LoginName {
  const mayBeCut = text.startsWith(HEADER_MARK);
  return { name: mayBeCut ? text.slice(HEADER_MARK.length) : text, mayBeCut };
}

/** Every text under which a user of this name may be cached, and those of other users whose name arrives like it. */
export function loginTextsOf(name: string): readonly string[] {
  const header = headerFormOf(name);
  return [name, HEADER_MARK + name, ...(header === name ? [] : [HEADER_MARK + header])];
}

/** Failed logins are counted under this name: guesses in a header and in Basic credentials count together. */
export function throttledName({ name }: LoginName): string {
  const header = headerFormOf(name);
  return header === '' ? name : header;
}
