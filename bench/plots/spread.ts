/**
 * Moves places apart until neighbours have at least the given distance. Each stays as near as possible to the wanted
 * place, and all stay within the bounds as long as they fit.
 *
 * @returns the places in the order in which they were given
 */
export function spread(
  wanted: readonly number[],
  distance: number,
  bounds: { readonly low: number; readonly high: number },
): readonly number[] {
  const order = wanted.map((_, index) => index).toSorted((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  // Runs of places at the minimum distance, each centred on the wanted places of its members.
  const runs: { readonly members: number[]; start: number }[] = [];
  const startOf = (members: readonly number[]): number => {
    const offsets = members.map((member, place) => (wanted[member] ?? 0) - place * distance);
    const start = offsets.reduce((sum, offset) => sum + offset, 0) / members.length;
    const latest = bounds.high - (members.length - 1) * distance;
    return Math.max(bounds.low, Math.min(start, latest));
  };
  for (const index of order) {
    let run = { members: [index], start: startOf([index]) };
    for (let before = runs.at(-1); before !== undefined; before = runs.at(-1)) {
      if (before.start + before.members.length * distance <= run.start) break;
      runs.pop();
      const members = [...before.members, ...run.members];
      run = { members, start: startOf(members) };
    }
    runs.push(run);
  }
  const places: number[] = Array.from({ length: wanted.length }, () => 0);
  for (const { members, start } of runs) {
    for (const [place, member] of members.entries()) places[member] = start + place * distance;
  }
  return places;
}
