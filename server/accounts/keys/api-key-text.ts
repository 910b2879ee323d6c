/** Lowercase letters and digits without those that look alike (0 o, 1 l i), because keys are typed on e-readers. */
export const API_KEY_ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
/** 31^6 = 887 million prefixes. The database refuses a second key with the same prefix. */
export const API_KEY_PREFIX_CHARACTERS = 6;
/** 26 × log2(31) = 128.8 bits. */
export const API_KEY_SECRET_CHARACTERS = 26;

const CHARACTER = '[a-hjkmnp-z2-9]';
const API_KEY = new RegExp(
  `^dogear_(${CHARACTER}{${String(API_KEY_PREFIX_CHARACTERS)}})_(${CHARACTER}{${String(API_KEY_SECRET_CHARACTERS)}})$`,
);

export interface ApiKeyText {
  /** Not secret: it identifies the key in lists and logs. */
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

/**
 * How a log shows a text that was sent as an API key. Of a valid key the prefix is shown. Of anything else nothing is
 * shown, because a mistyped key is nearly the key.
 */
export function maskApiKeyText(text: string): string {
  const key = parseApiKeyText(text);
  return key === undefined ? '***' : `dogear_${key.prefix}_***`;
}
