/** `1 file`, `2 files`. */
export function countedNoun(count: number, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}
