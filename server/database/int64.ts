/** Reads a 64-bit integer as any of the drivers gives it. */
export function toBigInt(value: number | bigint | string): bigint {
  return typeof value === 'bigint' ? value : BigInt(value);
}

/** Reads a 64-bit integer that is known to be exact in a double: ids, sizes, counts, milliseconds. */
export function toNumber(value: number | bigint | string): number {
  return typeof value === 'number' ? value : Number(value);
}

export function toNumberOrUndefined(value: number | bigint | string | null): number | undefined {
  return value === null ? undefined : toNumber(value);
}
