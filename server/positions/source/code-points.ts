/** The first so many code points: a cut never leaves half of a surrogate pair. */
export function firstCodePoints(text: string, count: number): string {
  return Array.from(text).slice(0, count).join('');
}

/** The last so many code points. */
export function lastCodePoints(text: string, count: number): string {
  return count === 0 ? '' : Array.from(text).slice(-count).join('');
}
