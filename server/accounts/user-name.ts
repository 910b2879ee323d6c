/** The largest number of characters (code points) in a name. The column is as wide. */
export const USER_NAME_CHARACTERS = 64;

/** What a name may be, for people. */
export const USER_NAME_RULE =
  `A user name has 1 to ${String(USER_NAME_CHARACTERS)} characters, no colon, no control or invisible characters, ` +
  'and no space at its beginning or end.';

/**
 * No colon, because it ends the name in HTTP Basic. Nothing that is not seen, or that changes how other text is shown:
 * two names that look the same must be the same, and lists must be safe to print. Characters that Unicode has not
 * assigned yet have no settled NFC. Of the spaces only the usual one and the ideographic one of Japanese names.
 */
const FORBIDDEN = /[:\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?![ \u3000])\p{Zs}/u;
/** A combining mark would become part of what stands before the name. */
const WRONG_ENDS = /^[\p{Z}\p{M}]|\p{Z}$/u;
/**
 * The joiners of Persian, Urdu and the scripts of India. Between two letters of these scripts they change what is read;
 * elsewhere they are invisible, and forbidden.
 */
const JOINED =
  '[\\p{scx=Arab}\\p{scx=Deva}\\p{scx=Beng}\\p{scx=Guru}\\p{scx=Gujr}\\p{scx=Orya}\\p{scx=Taml}\\p{scx=Telu}' +
  '\\p{scx=Knda}\\p{scx=Mlym}\\p{scx=Sinh}]';
const JOINER_IN_WORD = new RegExp(`(?<=${JOINED})[\\u200c\\u200d](?=${JOINED})`, 'gu');

/**
 * Reads a name for a new user.
 *
 * Names are compared as they are, in NFC: upper and lower case differ, as in koreader-sync-server and in every release
 * before, whose users may have names that differ in nothing else.
 *
 * @returns the name in NFC; `undefined` for a text that is no user name
 */
export function parseUserName(text: string): string | undefined {
  const name = normalUserName(text);
  // In code units first: it bounds the work below.
  if (name === '' || name.length > 2 * USER_NAME_CHARACTERS) return undefined;
  if (Array.from(name).length > USER_NAME_CHARACTERS || WRONG_ENDS.test(name)) return undefined;
  return FORBIDDEN.test(name.replaceAll(JOINER_IN_WORD, '')) ? undefined : name;
}

/** The form in which a name is stored and looked up. Anything may be looked up, not only valid names. */
export function normalUserName(text: string): string {
  return text.normalize('NFC');
}

/**
 * What arrives of a name in `x-auth-user`. uWebSockets.js takes every byte but those of "!" to DEL for white space at both
 * ends of a header: "José" arrives as "Jos", "名前" as nothing. Basic credentials are base64 and arrive as they are.
 */
export function headerFormOf(name: string): string {
  let start = 0;
  let end = name.length;
  while (start < end && isTrimmed(name.charCodeAt(start))) start++;
  while (end > start && isTrimmed(name.charCodeAt(end - 1))) end--;
  return name.slice(start, end);
}

/** Every byte of a character beyond ASCII is trimmed, so no character is cut in two. */
function isTrimmed(codeUnit: number): boolean {
  return codeUnit <= 0x20 || codeUnit > 0x7f;
}
