/**
 * What computes many MD5 digests at once. A kernel owns an arena of equal slots; the caller reads a file's
 * samples straight into a slot and asks for the digests of the first `count` slots together, so that an
 * implementation may put several messages into the lanes of a vector.
 *
 * A kernel is not safe for use from two threads; each worker makes its own.
 */
export interface Md5Kernel {
  readonly name: 'node-crypto' | 'wasm-simd';
  /** How many messages advance in one vector: 1 for `node-crypto`. */
  readonly lanes: number;
  /** Writable bytes: message i begins at `i * slotBytes`. Contents are undefined after `digestSlots`. */
  readonly arena: Uint8Array;
  /** At least 12,288 (twelve full samples) plus the room the kernel needs for MD5's own padding. */
  readonly slotBytes: number;
  readonly slots: number;
  /**
   * Digests the messages in slots 0 … count-1.
   *
   * @param lengths bytes of each message, 0 … 12,288; read, not kept
   * @param digests receives 16 bytes a message, at `16 * i`
   */
  digestSlots(lengths: Uint32Array, count: number, digests: Uint8Array): void;
}
