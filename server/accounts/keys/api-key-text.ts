/** Lowercase letters and digits without those that look alike (0 o, 1 l i), because keys are typed on e-readers. */
export const API_KEY_ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
/** 118 bits, and no separators: people type them on e-readers. */
export const API_KEY_CHARACTERS = 24;
/** The characters of a key that lists show. They count as public, and several keys may share them. */
const PREFIX_CHARACTERS = 4;
/** Of the keys of the older form, no two share these. */
const OLDER_PREFIX_CHARACTERS = 6;
const OLDER_SECRET_CHARACTERS = 26;

const CHARACTER = '[a-hjkmnp-z2-9]';
const API_KEY = new RegExp(`^${CHARACTER}{${String(API_KEY_CHARACTERS)}}$`);
const OLDER_API_KEY = new RegExp(
  `^dogear_(${CHARACTER}{${String(OLDER_PREFIX_CHARACTERS)}})_(${CHARACTER}{${String(OLDER_SECRET_CHARACTERS)}})$`,
);
/** A prefix as lists and messages show it: `abcd`, `abcd…`, `abcd***`, `abcdef`, `dogear_abcdef_***`. */
const PREFIX = new RegExp(
  `^(?:dogear_)?(${CHARACTER}{${String(PREFIX_CHARACTERS)}}|${CHARACTER}{${String(OLDER_PREFIX_CHARACTERS)}})(?:…|_?\\*\\*\\*)?$`,
);

export interface ApiKeyText {
  /** Not secret: lists show it. */
  readonly prefix: string;
  /** What is hashed: the whole key. Of a key of the older form, what stands behind its prefix. */
  readonly secret: string;
}

/**
 * Reads a key of 24 characters, or of the older form `dogear_<prefix>_<secret>`, which stays valid for ever. A secret of the
 * older form has another length, so it is never taken for a key by itself.
 *
 * @returns `undefined` for everything else
 */
export function parseApiKeyText(text: string): ApiKeyText | undefined {
  if (API_KEY.test(text)) return { prefix: text.slice(0, PREFIX_CHARACTERS), secret: text };
  const [, prefix, secret] = OLDER_API_KEY.exec(text) ?? [];
  return prefix === undefined || secret === undefined ? undefined : { prefix, secret };
}

/** @returns `undefined` for a text that is no prefix of a key in one of the forms in which it is shown */
export function parseApiKeyPrefix(text: string): string | undefined {
  return PREFIX.exec(text)?.[1];
}

/**
 * How a message shows a text that was typed as an API key. Of a valid key the prefix is shown. Of anything else nothing is
 * shown, because a mistyped key is nearly the key.
 */
export function maskApiKeyText(text: string): string {
  return `${parseApiKeyText(text)?.prefix ?? ''}***`;
}
