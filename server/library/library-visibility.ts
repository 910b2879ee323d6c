import type { Actor } from '../domain/actor.js';
import type { LibraryId, UserId } from '../domain/ids.js';

/**
 * Which libraries a caller may see: all of them, or those that one user may see. A library that is not restricted is
 * visible to every user. A restricted library is visible only to its readers.
 *
 * The rule has two forms that must agree: {@link isVisibleIn} decides in memory for the sync routes, and
 * library-repository.ts decides in SQL for lists and pages. One table of cases tests both
 * (test/server/library/library-visibility.test.ts).
 */
export type LibraryVisibility = UserId | 'all';

/** Actors with `library:manage`, and the operator at the command line, may see all libraries. */
export function libraryVisibilityOf({ permissions, userId }: Actor): LibraryVisibility {
  return userId === undefined || permissions.has('library:manage') ? 'all' : userId;
}

/** Who may see each library that exists: every user, or only these. */
export type LibraryAccess = ReadonlyMap<LibraryId, ReadonlySet<UserId> | 'everybody'>;

/** A library that `access` does not hold does not exist and is visible to nobody. */
export function isVisibleIn(
  access: LibraryAccess,
  visibility: LibraryVisibility,
): (library: LibraryId) => boolean {
  return (library) => {
    const readers = access.get(library);
    if (readers === undefined || readers === 'everybody') return readers !== undefined;
    return visibility === 'all' || readers.has(visibility);
  };
}
