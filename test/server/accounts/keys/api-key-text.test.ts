import { describe, expect, it } from 'vitest';
import { newApiKey, secretMatches } from '../../../../server/accounts/keys/api-key-secret.js';
import { maskApiKeyText, parseApiKeyText } from '../../../../server/accounts/keys/api-key-text.js';

describe('an API key', () => {
  it('is made of letters and digits that do not look alike, with a secret of 26', () => {
    const seen = new Set<string>();
    const secrets = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      const key = newApiKey();
      expect(key.text).toMatch(/^dogear_[a-z2-9]{6}_[a-z2-9]{26}$/);
      const parsed = parseApiKeyText(key.text);
      expect(parsed?.prefix).toBe(key.prefix);
      secrets.add(parsed?.secret ?? '');
      for (const character of `${key.prefix}${parsed?.secret ?? ''}`) seen.add(character);
    }
    expect(secrets.size).toBe(2000);
    expect([...seen].toSorted().join('')).toBe('23456789abcdefghjkmnpqrstuvwxyz');
  });

  it('matches only its own secret', () => {
    const key = newApiKey();
    const other = newApiKey();
    const secret = parseApiKeyText(key.text)?.secret ?? '';
    expect(secretMatches(secret, key.secretSha256)).toBe(true);
    expect(secretMatches(secret, other.secretSha256)).toBe(false);
    expect(secretMatches('', key.secretSha256)).toBe(false);
    expect(secretMatches(secret, Buffer.alloc(0))).toBe(false);
  });

  const valid = 'dogear_abcdef_abcdefghjkmnpqrstuvwxyz234';
  it.each([
    ['the key itself', valid, true],
    ['a space at the end', `${valid} `, false],
    ['a line feed at the end', `${valid}\n`, false],
    ['upper case', valid.toUpperCase(), false],
    ['a look-alike', valid.replace('abcdef_', 'abcde0_'), false],
    ['a secret too short', valid.slice(0, -1), false],
    ['a secret too long', `${valid}a`, false],
    ['another tag', valid.replace('dogear', 'dogfar'), false],
    ['nothing', '', false],
  ])('parses strictly: %s', (_case, text, isKey) => {
    expect(parseApiKeyText(text) !== undefined).toBe(isKey);
  });

  it('is shown in a log with its prefix only, and not at all if it is mistyped', () => {
    expect(maskApiKeyText(valid)).toBe('dogear_abcdef_***');
    expect(maskApiKeyText(valid.slice(0, -1))).toBe('***');
  });
});
