import type { Store } from '../../database/store.js';
import type { ApiKeyId } from '../../domain/ids.js';
import { findApiKeyById, insertApiKey, type NewApiKeyRow } from './api-key-repository.js';
import { newApiKey } from './api-key-secret.js';

/** How many keys are drawn. The first one is taken only if another key has its prefix and 44 bits of its hash. */
const ATTEMPTS = 3;

export interface InsertedApiKey {
  readonly id: ApiKeyId;
  /** The whole key, which is not stored and must be shown now. */
  readonly text: string;
  readonly secretHash: string;
}

/** Whether the key is stored: after a transaction that is run again, because the answer to its commit was lost. */
export async function isStored(
  store: Store,
  { id, secretHash }: Pick<InsertedApiKey, 'id' | 'secretHash'>,
): Promise<boolean> {
  return (await findApiKeyById(store, id))?.secretHash === secretHash;
}

/** Generates an API key and inserts it. Permissions are not checked here. */
export async function insertNewApiKey(
  store: Store,
  row: Omit<NewApiKeyRow, 'prefix' | 'secretHash'>,
): Promise<InsertedApiKey> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { text, prefix, secretHash } = newApiKey();
    const id = await insertApiKey(store, { ...row, prefix, secretHash });
    if (id !== undefined) return { id, text, secretHash };
  }
  throw new Error(`${String(ATTEMPTS)} API keys were taken`);
}
