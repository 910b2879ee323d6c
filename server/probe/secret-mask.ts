import { maskApiKeyText } from '../accounts/keys/api-key-text.js';

/** A shorter text helps nobody to find a key, and may stand in any text by chance. */
const SECRET_CHARACTERS = 8;

/**
 * Makes a function that takes the secrets of an address out of a text: the API key, wherever it stands and however it is
 * encoded for a URL, and the user name and password of any URL.
 *
 * @param key as it stands in the path of the address
 */
export function secretMask(key: string | undefined): (text: string) => string {
  const forms = key === undefined ? undefined : formsOf(key);
  return (text) => {
    const withoutLogins = text.replace(/:\/\/[^\s/?#]*@/g, '://');
    if (key === undefined || forms === undefined) return withoutLogins;
    return withoutLogins.replace(forms, maskApiKeyText(key));
  };
}

/** Any character of a URL may be percent-encoded, and again where one URL is a parameter of another. */
function formsOf(key: string): RegExp {
  const bytes = Buffer.from(
    key.replace(/%([\da-f]{2})/gi, (_escape, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16))),
    'latin1',
  );
  const forms = Array.from(bytes.toString(), (character) => {
    const encoded = Array.from(Buffer.from(character), (byte) => `%(?:25)*${hexOf(byte)}`).join('');
    return `(?:\\u{${hexOf(character.codePointAt(0) ?? 0)}}|${encoded})`;
  });
  const before = key.length < SECRET_CHARACTERS ? '(?<=/koreader/)' : '';
  return new RegExp(before + forms.join(''), 'giu');
}

function hexOf(number: number): string {
  return number.toString(16).padStart(2, '0');
}
