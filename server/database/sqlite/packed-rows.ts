/** Characters of a number: an integer of 64 bits has 20 at most, its sign included. */
const DIGITS = 20;

export interface PackedRows {
  /** Yields the rows in their order. It has a condition, without which SQLite takes "on conflict" for that of a join. */
  readonly select: string;
  readonly parameters: readonly unknown[];
}

/**
 * Many rows as a `select` over a few parameters: one for a column whose cells are all the same, one for the bytes of all
 * cells of a column, one for its numbers, as text of fixed width. Binding the nine cells of a book took as long as writing
 * it into the table and one index.
 *
 * @param values the cells of all rows, one row after the other
 * @returns `undefined` if a column holds anything but integers alone or bytes alone
 */
export function packRows(values: readonly unknown[], width: number): PackedRows | undefined {
  const rows = values.length / width;
  const parameters: unknown[] = [rows];
  const parameter = (value: unknown): string => `?${String(parameters.push(value))}`;
  const numbers = (column: readonly (number | bigint)[]): string => {
    let text = '';
    for (const number of column) text += String(number).padStart(DIGITS);
    const place = `row * ${String(DIGITS)} + 1`;
    return `cast(substr(${parameter(Buffer.from(text, 'latin1'))}, ${place}, ${String(DIGITS)}) as integer)`;
  };
  const bytes = (column: readonly Uint8Array[]): string => {
    const all = parameter(Buffer.concat(column));
    const lengths = column.map(({ length }) => length);
    const [first = 0] = lengths;
    if (lengths.every((length) => length === first)) {
      const length = parameter(first);
      return `substr(${all}, row * ${length} + 1, ${length})`;
    }
    let place = 1;
    const places = lengths.map((length) => (place += length) - length);
    return `substr(${all}, ${numbers(places)}, ${numbers(lengths)})`;
  };
  const cells: string[] = [];
  for (let column = 0; column < width; column++) {
    const own: unknown[] = [];
    for (let at = column; at < values.length; at += width) own.push(values[at]);
    if (own.every((value) => value === own[0])) cells.push(parameter(own[0]));
    else if (own.every(isInteger)) cells.push(numbers(own));
    else if (own.every(isBytes)) cells.push(bytes(own));
    else return undefined;
  }
  return {
    select:
      `with recursive numbered(row) as (select 0 union all select row + 1 from numbered where row + 1 < ?1) ` +
      `select ${cells.join(', ')} from numbered where true`,
    parameters,
  };
}

function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}
