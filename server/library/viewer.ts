import type { Actor } from '../domain/actor.js';
import type { Viewer } from './library-page.js';

/** Whoever manages libraries sees all of them; everybody else those that are not restricted, or to them. */
export function viewerOf({ permissions, userId }: Actor): Viewer {
  return userId === undefined || permissions.has('library:manage') ? 'all' : userId;
}
