/** One machine's part of a library: `index` is 1 … `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * The shard (1 … `count`) that the files directly in a folder belong to.
 *
 * Machines that share a library agree on this without talking, and so must their versions: **the function must
 * never change.** It is FNV-1a (32 bits) over the bytes of the folder's path relative to the root, without a slash
 * at either end (the root itself: no bytes), followed by the finalizer of MurmurHash3 (FNV alone leaves its low
 * bits poorly mixed over short, similar names), modulo `count`, plus 1. Pinned in test/engine/shard.test.ts.
 *
 * @param relativeFolder bytes, `/`-separated
 * @param count 1 or more
 */
export function shardOfFolder(relativeFolder: Uint8Array, count: number): number {
  let hash = 0x811c9dc5;
  for (const byte of relativeFolder) hash = Math.imul(hash ^ byte, 0x01000193);
  return shardOfHash(hash, count);
}

/** The same for a path whose bytes are the characters of a string. */
export function shardOfLatin1Folder(relativeFolder: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < relativeFolder.length; at += 1) {
    hash = Math.imul(hash ^ relativeFolder.charCodeAt(at), 0x01000193);
  }
  return shardOfHash(hash, count);
}

function shardOfHash(fnv: number, count: number): number {
  let hash = fnv;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return ((hash >>> 0) % count) + 1;
}
