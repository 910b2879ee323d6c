// The first page of the memory, 64 KiB, holds the tables of the kernel. The slots of the messages begin in the second
// page. The tables have room for 1,024 slots (MAX_SLOTS in md5-lanes.ts).

/** Twelve full samples, and one block so that the padding always fits. */
export const SLOT_BYTES: usize = 12288 + 64;

export const ARENA: usize = 65536;

/** u32 for each slot: bytes of the message, later replaced by the number of its blocks with padding. */
export const LENGTHS: usize = memory.data(4 * 1024, 16);

/** 16 bytes for each slot. */
export const DIGESTS: usize = memory.data(16 * 1024, 16);

/** u32 for each slot: the slots sorted by length, the longest message first. */
export const ORDER: usize = memory.data(4 * 1024, 16);

/** The counting sort's u32 for each number of blocks that a message can have, 0 … 193. */
export const BUCKETS: usize = memory.data(4 * 194, 16);

/** u32 for each lane: the address of its message. */
export const STARTS: usize = memory.data(4 * 16, 16);

/** A vector for each of a, b, c, d of lanes 0 … 3, then of lanes 4 … 7, and so on to 15. */
export const STATE: usize = memory.data(16 * 4 * 4, 16);

/** The sixteen words of one block, a vector for every four lanes. */
export const WORDS: usize = memory.data(16 * 16 * 4, 16);

/** Written but never read: see `pins` in unroll-rounds.ts. */
export const PINS: usize = memory.data(16 * 4, 16);
