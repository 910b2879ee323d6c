/** Lowercase letters and digits that no font makes look alike: no 0 o, no 1 l i. Somebody types them on an e-reader. */
export const API_KEY_ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
/** 31^6: 887 million prefixes; the database refuses a second key with the same one. */
export const API_KEY_PREFIX_CHARACTERS = 6;
/** 26 × log2(31) = 128.8 bits. */
export const API_KEY_SECRET_CHARACTERS = 26;

const CHARACTER = '[a-hjkmnp-z2-9]';
const API_KEY = new RegExp(
  `^dogear_(${CHARACTER}{${String(API_KEY_PREFIX_CHARACTERS)}})_(${CHARACTER}{${String(API_KEY_SECRET_CHARACTERS)}})$`,
);

export interface ApiKeyText {
  /** Visible: it names the key in lists and logs. */
  readonly prefix: string;
  readonly secret: string;
}

/** @returns `undefined` for everything that is not exactly `dogear_<prefix>_<secret>` */
export function parseApiKeyText(text: string): ApiKeyText | undefined {
  const match = API_KEY.exec(text);
  const prefix = match?.[1];
  const secret = match?.[2];
  return prefix === undefined || secret === undefined ? undefined : { prefix, secret };
}

export function formatApiKeyText({ prefix, secret }: ApiKeyText): string {
  return `dogear_${prefix}_${secret}`;
}

/** How a log names an API key, or what was given as one: a mistyped key is nearly the key, so nothing of it is shown. */
export function maskApiKeyText(text: string): string {
  const key = parseApiKeyText(text);
  return key === undefined ? '***' : `dogear_${key.prefix}_***`;
}
