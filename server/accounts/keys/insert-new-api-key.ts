import type { Store } from '../../database/store.js';
import type { ApiKeyId } from '../../domain/ids.js';
import { insertApiKey, type NewApiKeyRow } from './api-key-repository.js';
import { newApiKey } from './api-key-secret.js';

/** How many prefixes are tried. There are 887 million, so even the second one is hardly ever needed. */
const ATTEMPTS = 10;

/**
 * Generates an API key and inserts it, with another prefix while the prefix is taken. Permissions are not checked here.
 *
 * @returns the id, and the whole key, which is not stored and must be shown now
 */
export async function insertNewApiKey(
  store: Store,
  row: Omit<NewApiKeyRow, 'prefix' | 'secretSha256'>,
): Promise<{ readonly id: ApiKeyId; readonly text: string }> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { text, prefix, secretSha256 } = newApiKey();
    const id = await insertApiKey(store, { ...row, prefix, secretSha256 });
    if (id !== undefined) return { id, text };
  }
  throw new Error(`${String(ATTEMPTS)} prefixes of API keys were taken`);
}
