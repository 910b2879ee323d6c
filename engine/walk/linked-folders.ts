import { realpathSync } from 'node:fs';
import { systemPath } from '../system/latin1-path.js';

/**
 * Links that may follow each other on one path. Nobody chains more on purpose, and folders that link to each other would
 * otherwise be found once for every order in which they can be visited.
 */
const MOST_LINKS = 4;

/**
 * Decides which links to folders a walk follows: those that lead to folders that it would not come to otherwise. A link
 * into the tree of the root is not followed, because what it leads to is found in its own place, and neither is one to a
 * folder above. The same holds for the trees that links before it on the path lead to. So no folder is visited twice on a
 * path, and loops cannot be.
 */
export class LinkedFolders {
  readonly #root: string;
  /** The trees that the path of the last folder lies in: links to a folder come together. */
  #last: { readonly folder: string; readonly trees: readonly string[] } | undefined;

  /** @param root absolute, latin1, ends with a slash */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * @param folder the folder that holds the link, relative to the root, latin1; ends with a slash unless it is empty
   * @throws an error with an errno code when something on the path has vanished
   */
  isFollowed(folder: string, name: string): boolean {
    if (this.#last?.folder !== folder) this.#last = { folder, trees: this.#treesOf(folder) };
    const { trees } = this.#last;
    if (trees.length > MOST_LINKS) return false;
    const target = realFolder(this.#root + folder + name);
    return trees.every((tree) => !tree.startsWith(target) && !target.startsWith(tree));
  }

  /** The real path of the root, and of each folder that a link on the path leads to. */
  #treesOf(folder: string): readonly string[] {
    let real = realFolder(this.#root);
    const trees = [real];
    for (let end = folder.indexOf('/'); end >= 0; end = folder.indexOf('/', end + 1)) {
      const here = realFolder(this.#root + folder.slice(0, end));
      const name = folder.slice(folder.lastIndexOf('/', end - 1) + 1, end + 1);
      if (here !== real + name) trees.push(here);
      real = here;
    }
    return trees;
  }
}

/** Latin1, ends with a slash. */
function realFolder(path: string): string {
  const real = realpathSync.native(systemPath(path), 'buffer').toString('latin1');
  return real.endsWith('/') ? real : `${real}/`;
}
