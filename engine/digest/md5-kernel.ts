/** The implementations of MD5; `Md5Choice` says how they differ. */
export type Md5KernelName = 'node-crypto' | 'wasm-simd';

/**
 * Computes many MD5 digests at once. A kernel owns an arena that is divided into slots of equal size. The caller
 * reads a file's samples directly into a slot and then requests the digests of the first `count` slots together, so
 * that an implementation can put several messages into the lanes of a vector.
 *
 * A kernel must not be used by two threads; each worker makes its own.
 */
export interface Md5Kernel {
  readonly name: Md5KernelName;
  /** How many messages are digested side by side: 1 for `node-crypto`. */
  readonly lanes: number;
  /** Written by the caller: message i begins at `i * slotBytes`. `digestSlots` overwrites it. */
  readonly arena: Uint8Array;
  /** 12,288 bytes (twelve full samples) or more, with room for MD5's padding if the kernel needs that. */
  readonly slotBytes: number;
  readonly slots: number;
  /**
   * Digests the messages in slots 0 … count-1.
   *
   * @param lengths bytes of each message, 0 … 12,288; not kept after the call
   * @param digests receives the 16 bytes of message i at `16 * i`
   */
  digestSlots(lengths: Uint32Array, count: number, digests: Uint8Array): void;
}
