import { type Path, splitPath } from './path.js';

/** `epub`, also of `Dune.kepub.epub`; empty: the name has no extension. */
export function formatOf(path: Path): string {
  return /\.([a-z0-9]{1,5})$/i.exec(splitPath(path).name)?.[1]?.toLowerCase() ?? '';
}
