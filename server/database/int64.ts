/** Reads a 64-bit integer in any of the forms that the drivers return (see `Int64` in schema.ts). */
export function toBigInt(value: number | bigint | string): bigint {
  return typeof value === 'bigint' ? value : BigInt(value);
}

/** Reads a 64-bit integer that a double always holds exactly: ids, sizes, counts, milliseconds. */
export function toNumber(value: number | bigint | string): number {
  return typeof value === 'number' ? value : Number(value);
}

/** As {@link toNumber}, with `undefined` for NULL. */
export function toNumberOrUndefined(value: number | bigint | string | null): number | undefined {
  return value === null ? undefined : toNumber(value);
}
