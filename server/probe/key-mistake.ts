import { API_KEY_CHARACTERS, parseApiKeyText } from '../accounts/keys/api-key-text.js';

/** Of the older form, which begins with this. */
const OLDER_TAG = 'dogear_';
const OLDER_CHARACTERS = 40;

/**
 * What is wrong with the form of an API key that somebody typed, as one sentence; `undefined`: nothing. The sentence says
 * nothing of the key, because a mistyped key is nearly the key.
 *
 * @param key as it stands in the path of an address
 */
export function keyMistake(key: string): string | undefined {
  if (parseApiKeyText(key) !== undefined) return undefined;
  const isOlder = key.startsWith(OLDER_TAG);
  const expected = isOlder ? OLDER_CHARACTERS : API_KEY_CHARACTERS;
  const which = isOlder ? `an API key that begins with ${OLDER_TAG}` : 'an API key';
  return key.length === expected
    ? `What stands after /koreader/ is mistyped: ${which} has lowercase letters and digits, and none of 0, 1, i, l and o.`
    : `What stands after /koreader/ is mistyped: ${which} has ${String(expected)} characters, and this has ${String(key.length)}.`;
}
