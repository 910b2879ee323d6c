import { LRUCache } from 'lru-cache';

/**
 * A cache of at most so many entries, whose memory grows with them: with `max`, lru-cache reserves the room for all of them
 * at once (24 bytes an entry, 12 MB for the caches of a server that nobody uses).
 */
export function lruCache<Key extends string | number, Value extends {}>(
  entries: number,
  options: { readonly ttl?: number; readonly updateAgeOnGet?: boolean } = {},
): LRUCache<Key, Value> {
  return new LRUCache({ ...options, maxSize: entries, sizeCalculation: one });
}

function one(): number {
  return 1;
}
