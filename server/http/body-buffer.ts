/** Most bodies come in one piece or two; a push has some 300 bytes. */
const FIRST_BYTES = 1024;

/**
 * Collects the pieces of a body in a buffer that doubles when it is full. Concatenating with each piece would take
 * quadratic time, and any client may send a body byte by byte.
 */
export class BodyBuffer {
  readonly #limitBytes: number;
  #bytes: Buffer | undefined;
  #length = 0;

  /** @param limitBytes longest body that is accepted */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /**
   * @param piece copied, because uWebSockets.js reuses its memory when the callback returns
   * @returns `false` when the body is over the limit; the buffer is released then
   */
  add(piece: ArrayBuffer): boolean {
    const length = this.#length + piece.byteLength;
    if (length > this.#limitBytes) {
      this.#bytes = undefined;
      return false;
    }
    if (this.#bytes === undefined || this.#bytes.length < length) this.#growTo(length);
    this.#bytes?.set(new Uint8Array(piece), this.#length);
    this.#length = length;
    return true;
  }

  /**
   * @param piece the last one. Nearly always it is the only one, and is decoded without a copy
   * @returns the whole body as UTF-8; `undefined` when it is over the limit
   */
  addLast(piece: ArrayBuffer): string | undefined {
    if (this.#length === 0) {
      return piece.byteLength > this.#limitBytes ? undefined : Buffer.from(piece).toString('utf8');
    }
    return this.add(piece) ? this.#bytes?.toString('utf8', 0, this.#length) : undefined;
  }

  #growTo(length: number): void {
    const capacity = Math.min(
      this.#limitBytes,
      Math.max(FIRST_BYTES, length, 2 * (this.#bytes?.length ?? 0)),
    );
    const grown = Buffer.allocUnsafe(capacity);
    this.#bytes?.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
