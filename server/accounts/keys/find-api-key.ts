import { DogearError } from '../../domain/dogear-error.js';
import { apiKeyId } from '../../domain/ids.js';
import type { Store } from '../../database/store.js';
import type { ApiKeySummary } from './api-key.js';
import { apiKeysByPrefix, findApiKeyByHash, findApiKeyById } from './api-key-repository.js';
import { hashOfSecret } from './api-key-secret.js';
import { parseApiKeyPrefix, parseApiKeyText } from './api-key-text.js';

/** At most this many keys with the same prefix are listed in the error. */
const SAME_PREFIXES = 10;
/** An id that a person typed. Keys begin with a letter, so it is no prefix. */
const ID = /^[1-9]\d{0,14}$/;

/**
 * Finds an API key from a text that the operator typed. Permissions are not checked here.
 *
 * @param called the id of the key, its prefix, or the whole key
 * @throws DogearError `api-key-not-found`, also when several keys have the prefix; the error then lists up to 10 of them
 */
export async function findApiKeyCalled(store: Store, called: string): Promise<ApiKeySummary> {
  const keys = await apiKeysCalled(store, called);
  const [key] = keys;
  if (key !== undefined && keys.length === 1) return key;
  if (key !== undefined) {
    const listed = keys.map(({ id, name }) => `${String(id)} ("${name}")`).join(', ');
    throw new DogearError(
      'api-key-not-found',
      `Several API keys begin with ${key.prefix}; name one by its id: ${listed}.`,
    );
  }
  const isShown = ID.test(called) || parseApiKeyPrefix(called) !== undefined;
  throw new DogearError(
    'api-key-not-found',
    // Anything else may be a mistyped key, which is nearly the key.
    isShown
      ? `There is no API key ${called}.`
      : 'There is no such API key: give its id, its first characters, or all of it.',
  );
}

async function apiKeysCalled(store: Store, called: string): Promise<readonly ApiKeySummary[]> {
  if (ID.test(called)) return only(await findApiKeyById(store, apiKeyId(Number(called))));
  const whole = parseApiKeyText(called);
  if (whole !== undefined) {
    const key = await findApiKeyByHash(store, hashOfSecret(whole.secret));
    return only(key?.prefix === whole.prefix ? key : undefined);
  }
  const prefix = parseApiKeyPrefix(called);
  return prefix === undefined ? [] : apiKeysByPrefix(store, prefix, SAME_PREFIXES);
}

function only<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}
