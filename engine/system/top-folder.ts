import { existsSync } from 'node:fs';
import { descriptorFolderAtTop } from './descriptor-folder.js';
import { loadLibc } from './libc.js';
import type { OpenFolder } from './open-folder.js';
import { pathFolderAtTop } from './path-folder.js';

/** The ways of opening folders. */
export type FolderCalls = 'native' | 'descriptor-paths' | 'paths';

/**
 * Opens the top folder `/`.
 *
 * - `native`: `openat` and its kin, which Node.js does not offer. They are also faster than Node's calls: by a tenth for a
 *   folder and by half for a file.
 * - `descriptor-paths`: Linux where those cannot be called, such as without koffi. Node's calls get paths below
 *   `/proc/self/fd/N`. A folder takes twice as long.
 * - `paths`: other systems. A link is noticed when a folder is opened, but not one that replaces the folder after that.
 */
export function openTopFolder(calls: FolderCalls = callsHere()): OpenFolder {
  if (calls !== 'native') return pathFolderAtTop(calls === 'descriptor-paths');
  const load = loadLibc();
  if (load.state === 'unavailable') throw new Error(`native calls do not run here: ${load.reason}`);
  return descriptorFolderAtTop(load.libc);
}

function callsHere(): FolderCalls {
  if (loadLibc().state === 'ready') return 'native';
  return existsSync('/proc/self/fd') ? 'descriptor-paths' : 'paths';
}
