/** Calls by the name of the system call. */
export type CallCounts = ReadonlyMap<string, number>;

/** Reads the table of `strace -f -c -U name,calls`: a line a system call, its name and its number, between rules. */
export function parseStraceCounts(table: string): CallCounts {
  const calls = new Map<string, number>();
  for (const line of table.split('\n')) {
    const match = /^\s*([a-z_0-9]+)\s+(\d+)\s*$/.exec(line);
    const name = match?.[1];
    if (name !== undefined && name !== 'total') calls.set(name, Number(match?.[2]));
  }
  return calls;
}

/** What the first has more than the second. */
export function difference(more: CallCounts, less: CallCounts): CallCounts {
  return new Map([...more].map(([name, calls]) => [name, calls - (less.get(name) ?? 0)]));
}

/** Below this a call does not belong to the files: it is the program's own doing, and differs from run to run. */
const LEAST_CALLS_PER_FILE = 0.02;

/** The additional calls of the larger run, for each of its additional files, most frequent first. */
export function callsPerFile(
  small: CallCounts,
  large: CallCounts,
  additionalFiles: number,
): Readonly<Record<string, number>> {
  const perFile = [...difference(large, small)]
    .map(([name, calls]): [string, number] => [name, calls / additionalFiles])
    .filter(([, calls]) => calls >= LEAST_CALLS_PER_FILE);
  perFile.sort(([, left], [, right]) => right - left);
  return Object.fromEntries(perFile.map(([name, calls]) => [name, Math.round(calls * 1000) / 1000]));
}
