import type { ReaderDevice } from '../sync/progress.js';

/**
 * What tells a user's devices apart: the id that the reader sends, or its name where it sends none, behind a letter
 * that says which. So a device called like another one's id is not taken for it, and whether an id was sent, even an
 * empty one, comes back exactly.
 */
export function deviceKey({ id, name }: ReaderDevice): string {
  return id === undefined ? `n${name}` : `i${id}`;
}

/** The id that the reader sent; `undefined` when it sent none. */
export function deviceIdOfKey(key: Buffer): string | undefined {
  return key[0] === ID_LETTER ? key.toString('utf8', 1) : undefined;
}

const ID_LETTER = 'i'.charCodeAt(0);
