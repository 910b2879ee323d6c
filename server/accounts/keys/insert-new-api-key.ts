import type { Store } from '../../database/store.js';
import type { ApiKeyId } from '../../domain/ids.js';
import { findApiKeyById, insertApiKey, type NewApiKeyRow } from './api-key-repository.js';
import { newApiKey } from './api-key-secret.js';
import { parseApiKeyText } from './api-key-text.js';

/** How many prefixes are tried. There are 887 million, so even the second one is hardly ever needed. */
const ATTEMPTS = 10;

export interface InsertedApiKey {
  readonly id: ApiKeyId;
  /** The whole key, which is not stored and must be shown now. */
  readonly text: string;
}

/** Whether the key is stored: after a transaction that is run again, because the answer to its commit was lost. */
export async function isStored(store: Store, { id, text }: InsertedApiKey): Promise<boolean> {
  return (await findApiKeyById(store, id))?.prefix === parseApiKeyText(text)?.prefix;
}

/**
 * Generates an API key and inserts it, with another prefix while the prefix is taken. Permissions are not checked here.
 */
export async function insertNewApiKey(
  store: Store,
  row: Omit<NewApiKeyRow, 'prefix' | 'secretSha256'>,
): Promise<InsertedApiKey> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { text, prefix, secretSha256 } = newApiKey();
    const id = await insertApiKey(store, { ...row, prefix, secretSha256 });
    if (id !== undefined) return { id, text };
  }
  throw new Error(`${String(ATTEMPTS)} prefixes of API keys were taken`);
}
