import type { OpenFolder } from './open-folder.js';
import { type FolderCalls, openTopFolder } from './top-folder.js';

/** PATH_MAX of Linux; it includes the zero byte at the end. */
export const PATH_BYTES = 4096;

/**
 * Folders that are open at a time. A tree may have 2,000 levels, and a server has hundreds of threads, which must not
 * take the descriptors that connections need. Deeper than this, the folders nearest to the root are opened again on the
 * way back.
 */
const MOST_OPEN = 32;

/**
 * The folders on the way from a root to the folder in work, each opened in the one above it, so that no link to a folder
 * is followed: not at the root, not above it, not below it, and not when a folder is swapped for a link meanwhile. Going
 * from folder to folder in the order of a walk opens each of them once.
 */
export class FolderChain {
  readonly #root: string;
  readonly #isListed: boolean;
  readonly #followsLinks: boolean;
  readonly #calls: FolderCalls | undefined;
  /** From the root on. Empty until the first folder is entered. */
  #open: { readonly path: string; readonly folder: OpenFolder }[] = [];

  /**
   * @param root absolute, latin1, ends with a slash
   * @param isListed whether the folders will be listed
   * @param options.followsLinks whether a link below the root counts as the folder that it leads to
   * @param options.calls for tests
   */
  constructor(
    root: string,
    isListed: boolean,
    { followsLinks = false, calls }: { readonly followsLinks?: boolean; readonly calls?: FolderCalls } = {},
  ) {
    this.#root = root;
    this.#isListed = isListed;
    this.#followsLinks = followsLinks;
    this.#calls = calls;
  }

  /**
   * Opens a folder, unless it is open already. It stays open until another one is entered.
   *
   * @param path relative to the root, latin1, ends with a slash; empty: the root itself
   * @throws an error with an errno code; `ENOTDIR`: a part of the path, or of the root, is a link or no folder
   */
  enter(path: string): OpenFolder {
    // Deeper folders can be opened this way, but nobody else could open the files in them.
    if (this.#root.length + path.length > PATH_BYTES) {
      throw Object.assign(new Error('the path is too long'), { code: 'ENAMETOOLONG' });
    }
    let current = this.#open.at(-1);
    while (current !== undefined && !path.startsWith(current.path)) {
      this.#open.pop();
      current.folder.close();
      current = this.#open.at(-1);
    }
    current ??= this.#push('', openRoot(this.#root, this.#isListed, this.#calls));
    while (current.path.length < path.length) {
      const end = path.indexOf('/', current.path.length);
      const name = path.slice(current.path.length, end);
      current = this.#push(
        path.slice(0, end + 1),
        current.folder.openFolder(name, this.#isListed, this.#followsLinks),
      );
    }
    return current.folder;
  }

  close(): void {
    for (const { folder } of this.#open) folder.close();
    this.#open = [];
  }

  #push(path: string, folder: OpenFolder): { readonly path: string; readonly folder: OpenFolder } {
    // The root, at 0, is needed to open everything else.
    if (this.#open.length === MOST_OPEN)
      for (const { folder: above } of this.#open.splice(1, 1)) above.close();
    const pushed = { path, folder };
    this.#open.push(pushed);
    return pushed;
  }
}

/** @throws an error with an errno code; `ENOTDIR`: a part of the root's path is a link or no folder */
function openRoot(root: string, isListed: boolean, calls: FolderCalls | undefined): OpenFolder {
  const names = root.split('/').filter((name) => name !== '' && name !== '.');
  let folder = openTopFolder(calls);
  if (names.length === 0 && isListed) names.push('.');
  for (const [at, name] of names.entries()) {
    const above = folder;
    try {
      folder = above.openFolder(name, isListed && at === names.length - 1);
    } finally {
      above.close();
    }
  }
  return folder;
}
