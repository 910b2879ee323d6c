import { describe, expect, it } from 'vitest';
import { hashOfSecret, newApiKey } from '../../../../server/accounts/keys/api-key-secret.js';
import {
  maskApiKeyText,
  parseApiKeyPrefix,
  parseApiKeyText,
} from '../../../../server/accounts/keys/api-key-text.js';

const KEY = 'abcdefghjkmnpqrstuvwxyz2';
const OLDER_KEY = 'dogear_abcdef_abcdefghjkmnpqrstuvwxyz234';

describe('an API key', () => {
  it('is 24 letters and digits that do not look alike, a letter first, and no two are equal', () => {
    const seen = new Set<string>();
    const first = new Set<string>();
    const hashes = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      const key = newApiKey();
      expect(key.text).toMatch(/^[a-z2-9]{24}$/);
      expect(parseApiKeyText(key.text)).toEqual({ prefix: key.prefix, secret: key.text });
      expect(key.text.slice(0, 4)).toBe(key.prefix);
      expect(key.secretHash).toBe(hashOfSecret(key.text));
      hashes.add(key.secretHash);
      first.add(key.text.charAt(0));
      for (const character of key.text) seen.add(character);
    }
    expect(hashes.size).toBe(2000);
    expect([...seen].toSorted().join('')).toBe('23456789abcdefghjkmnpqrstuvwxyz');
    expect([...first].toSorted().join('')).toBe('abcdefghjkmnpqrstuvwxyz');
  });

  it('may also have the older form, whose prefix is no part of what is hashed', () => {
    expect(parseApiKeyText(OLDER_KEY)).toEqual({ prefix: 'abcdef', secret: OLDER_KEY.slice(-26) });
    expect(parseApiKeyText(OLDER_KEY.slice(-26))).toBe(undefined);
  });

  it.each([KEY, OLDER_KEY])('is read strictly: %s', (valid) => {
    for (const text of [
      `${valid} `,
      ` ${valid}`,
      `${valid}\n`,
      valid.toUpperCase(),
      valid.replace('abcdef', 'abcde0'),
      valid.replace('abcdef', 'abcdel'),
      valid.slice(0, -1),
      `${valid}a`,
      valid.replace('dogear', 'dogfar').replace(/^a/, '_'),
      `dogear_${valid}`,
      '',
    ]) {
      expect([text, parseApiKeyText(text)]).toEqual([text, undefined]);
    }
  });

  it('is shown in a message with its prefix only, and not at all if it is mistyped', () => {
    expect(maskApiKeyText(KEY)).toBe('abcd***');
    expect(maskApiKeyText(OLDER_KEY)).toBe('abcdef***');
    for (const key of [KEY, OLDER_KEY]) expect(maskApiKeyText(key.slice(0, -1))).toBe('***');
  });

  it.each([
    ['abcd', 'abcd'],
    ['abcd…', 'abcd'],
    ['abcd***', 'abcd'],
    ['abcdef', 'abcdef'],
    ['dogear_abcdef_***', 'abcdef'],
    ['abcde', undefined],
    ['abc', undefined],
    ['ab%d', undefined],
    ['ab_d', undefined],
    [KEY, undefined],
    [OLDER_KEY, undefined],
    ['', undefined],
  ])('has a prefix that people may write as they see it: %s', (text, prefix) => {
    expect(parseApiKeyPrefix(text)).toBe(prefix);
  });
});
