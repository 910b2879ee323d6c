/**
 * A folder that is open. What it opens and examines lies in this very folder, also when somebody moves the folder or puts
 * a link in its place meanwhile. Names are latin1 (see latin1-path.ts) and hold no slash.
 *
 * Every method throws an error with an errno code such as `ENOENT`.
 */
export interface OpenFolder {
  /**
   * Opens a subfolder. A symbolic link is none, unless links are followed: the error is then `ENOTDIR`.
   *
   * @param isListed whether `eachEntry` will be called; otherwise permission to enter the folder is enough
   */
  openFolder(name: string, isListed: boolean, followsLinks?: boolean): OpenFolder;
  /**
   * Opens a file and returns its descriptor, which has to be closed with `closeFile`: a thread of Node.js warns of every
   * descriptor that it closes and has not opened. A symbolic link to a file is followed.
   */
  openFile(name: string, flags: number): number;
  closeFile(descriptor: number): void;
  /** Calls `visit` for each entry, in no order. A symbolic link does not count as a folder. */
  eachEntry(visit: EntryVisit): void;
  /** Follows symbolic links. */
  stateOf(name: string): EntryState;
  /** Whether there is an entry of this name, and be it a symbolic link that leads nowhere. */
  has(name: string): boolean;
  /** What tells the folder from every other. */
  identity(): FolderIdentity;
  close(): void;
}

/** A folder that has been opened together with others; see late-folders.ts. */
export interface LateFolder extends OpenFolder {
  readonly descriptor: number;
}

export type EntryVisit = (name: string, isFolder: boolean, isLink: boolean) => void;

export interface EntryState {
  readonly kind: 'file' | 'folder' | 'other';
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  /** See state-mark.ts. It says something only where inodes are stable. */
  readonly mark: number;
  readonly device: number;
}

export interface FolderIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}
