// The first page of the memory, 64 KiB, is the kernel's own; the slots of the messages begin with the second.
// The tables have room for 1,024 slots, MOST_SLOTS in md5-lanes.ts.

/** Twelve full samples, and one block in which the padding always has room. */
export const SLOT_BYTES: usize = 12288 + 64;

export const ARENA: usize = 65536;

/** u32 a slot: bytes of the message; then, the same place, blocks of it with its padding. */
export const LENGTHS: usize = memory.data(4 * 1024, 16);

/** 16 bytes a slot. */
export const DIGESTS: usize = memory.data(16 * 1024, 16);

/** u32 a slot: the slots, those with the longest message first. */
export const ORDER: usize = memory.data(4 * 1024, 16);

/** u32 for each number of blocks that a message can have, 0 … 193. */
export const BUCKETS: usize = memory.data(4 * 194, 16);

/** u32 a lane: address of its message. */
export const STARTS: usize = memory.data(4 * 16, 16);

/** A vector for each of a, b, c, d of lanes 0 … 3, then of lanes 4 … 7, and so on to 15. */
export const STATE: usize = memory.data(16 * 4 * 4, 16);

/** The sixteen words of one block, a vector for every four lanes. */
export const WORDS: usize = memory.data(16 * 16 * 4, 16);

/** Written and never read: see `pins` in unroll-rounds.ts. */
export const PINS: usize = memory.data(16 * 4, 16);
