import type { LibraryId, UserId } from '../domain/ids.js';
import type { LibraryAccess } from '../storage/library-access-repository.js';

/** Which libraries the user may see. */
export function libraryVisibility(access: LibraryAccess, userId: UserId): (library: LibraryId) => boolean {
  return (library) => access.get(library)?.has(userId) ?? true;
}
