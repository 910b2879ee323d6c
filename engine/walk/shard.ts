/**
 * One of `count` parts of a library. Several machines can share the work on one library if each walks one part. The
 * folders are divided, not the files: all files directly in one folder belong to the same shard.
 */
export interface Shard {
  /** 1 … `count`. */
  readonly index: number;
  /** 1 or more. */
  readonly count: number;
}

/**
 * The shard that the files directly in a folder belong to.
 *
 * Machines that share a library compute this independently and must agree, also when they run different versions of
 * the engine. **So this function must never change.** It is FNV-1a (32 bits) over the bytes of the folder's relative
 * path, then the finalizer of MurmurHash3, then modulo `count`, plus 1. The finalizer is needed because FNV alone
 * mixes its low bits poorly for short, similar names. Pinned by test/engine/walk/shard.test.ts.
 *
 * @param relativeFolder path relative to the root as bytes, `/`-separated, without a slash at either end; no bytes
 *   for the root itself
 * @param count number of shards, a whole number of 1 or more; not checked here
 * @returns 1 … `count`
 */
export function shardOfFolder(relativeFolder: Uint8Array, count: number): number {
  let hash = 0x811c9dc5;
  for (const byte of relativeFolder) hash = Math.imul(hash ^ byte, 0x01000193);
  return shardOfHash(hash, count);
}

/** Like `shardOfFolder`, for a path as a latin1 string (see latin1-path.ts). */
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
