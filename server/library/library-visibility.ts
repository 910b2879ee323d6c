import type { LibraryId, UserId } from '../domain/ids.js';
import type { LibraryAccess } from './library-access-repository.js';

/** Which libraries the user may see: nobody sees one that there is not. */
export function libraryVisibility(access: LibraryAccess, userId: UserId): (library: LibraryId) => boolean {
  return (library) => {
    const readers = access.get(library);
    return readers === 'everybody' || readers?.has(userId) === true;
  };
}
