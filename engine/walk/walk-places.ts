import { isLatin1BookName } from './book-extensions.js';
import { isSidecarFolder } from './folder-listing.js';
import { IgnorePatterns } from './ignore-patterns.js';
import { isSystemFolder, SystemPaths } from './system-entries.js';

export interface PlaceRules {
  readonly extensions: ReadonlySet<string>;
  readonly skipSystem: boolean;
  /** In the syntax of .gitignore, one a line. */
  readonly ignore: string;
}

/**
 * Those of the places at which a walk of the whole root would arrive, if something is there.
 *
 * @param places relative to the root, latin1; folders end with a slash
 */
export function walkedPlaces(
  places: readonly string[],
  { extensions, skipSystem, ignore }: PlaceRules,
): readonly string[] {
  const patterns = ignore === '' ? undefined : new IgnorePatterns(ignore);
  const systemPaths = new SystemPaths();
  return places.filter((place) => {
    const folders = place.split('/');
    const name = folders.pop() ?? '';
    if (folders.some(isSidecarFolder) || patterns?.has(place) === true) return false;
    if (skipSystem && (folders.some(isSystemFolder) || systemPaths.has(place))) return false;
    return name === '' || isLatin1BookName(name, extensions);
  });
}
