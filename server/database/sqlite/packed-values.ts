/**
 * Values for another thread, with the bytes of all buffers among them in one array. Sent one by one, each buffer is
 * copied with whatever shares its memory, and its copy is memory of its own: a page of books has thousands.
 */
export interface PackedValues {
  /** The values in their order; in the place of each buffer its length in bytes. */
  readonly values: unknown[];
  /** The indices in `values` that stand for buffers, ascending. */
  readonly buffers: readonly number[];
  /** The bytes of the buffers, one after the other. `undefined` without any. */
  readonly bytes: Uint8Array | undefined;
}

/** @param values are taken over: buffers among them are replaced */
export function packValues(values: unknown[]): PackedValues {
  const buffers: number[] = [];
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const [index, value] of values.entries()) {
    if (!(value instanceof Uint8Array)) continue;
    buffers.push(index);
    parts.push(value);
    values[index] = value.length;
    length += value.length;
  }
  if (parts.length === 0) return { values, buffers, bytes: undefined };
  // Not of Node's pool, all of which would be copied.
  const bytes = new Uint8Array(length);
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return { values, buffers, bytes };
}

/** The values as they were packed. The buffers share the memory of the packed bytes. */
export function unpackValues({ values, buffers, bytes }: PackedValues): unknown[] {
  if (bytes === undefined) return values;
  let start = bytes.byteOffset;
  for (const index of buffers) {
    const length = Number(values[index]);
    values[index] = Buffer.from(bytes.buffer, start, length);
    start += length;
  }
  return values;
}
