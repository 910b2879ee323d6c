/**
 * Places that one scan looks at, each with some statements and system calls of its own. Where more were touched, the whole
 * library is looked at: copies of a large tree touch a place for each folder, and the system tells of at most some ten
 * thousand events at a time.
 */
export const MOST_PLACES = 200;

const SLASH = 0x2f;

/**
 * What a scan has to look at.
 *
 * @param touched paths relative to the root, latin1: files, and folders, which end with a slash
 * @returns in byte order, none inside another; `undefined`: the whole library
 */
export function placesOf(touched: Iterable<string>): readonly Buffer[] | undefined {
  const places: string[] = [];
  for (const path of [...new Set(touched)].toSorted()) {
    const last = places.at(-1);
    if (last?.endsWith('/') !== true || !path.startsWith(last)) places.push(path);
  }
  if (places[0] === '' || places.length > MOST_PLACES) return undefined;
  return places.map((place) => Buffer.from(place, 'latin1'));
}

export function isInPlaces(path: Buffer, places: readonly Buffer[]): boolean {
  return places.some((place) =>
    place.at(-1) === SLASH ? path.subarray(0, place.length).equals(place) : path.equals(place),
  );
}

/**
 * The paths of a place lie between these two, which are none of them. Of a file there may be others between them: those
 * whose paths begin with all but its last byte.
 */
export function rangeOf(place: Buffer): readonly [after: Buffer, before: Buffer] {
  if (place.at(-1) !== SLASH) return [place.subarray(0, -1), Buffer.concat([place, Buffer.of(0)])];
  return [place, Buffer.concat([place.subarray(0, -1), Buffer.of(SLASH + 1)])];
}
