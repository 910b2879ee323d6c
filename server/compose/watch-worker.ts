import { statSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { errorCode } from '../domain/error-text.js';
import type { LibraryId } from '../domain/ids.js';
import { FolderWatch } from '../scan/folder-watch.js';
import { MOST_PLACES } from '../scan/touched-places.js';
import type { WatchThreadEvent, WatchThreadTask } from './watch-thread-messages.js';

/** Watched folders of one library. Each takes some kilobytes, here and in the system. */
const MOST_FOLDERS = 20_000;

/**
 * Events of a library are sent at most this often: copying a book makes thousands a second, and the thread that
 * receives them answers devices. Less than the shortest `library.watch_quiet_seconds`.
 */
const SEND_EVERY_MS = 500;

/** Watches folders for watch-thread.ts. */
function watchLibraries(port: NonNullable<typeof parentPort>): void {
  const send = (event: WatchThreadEvent): void => port.postMessage(event);
  const watches = new Map<LibraryId, { readonly settings: string; readonly watch: FolderWatch }>();
  port.on('message', ({ libraries }: WatchThreadTask) => {
    const kept = new Set(libraries.map(({ id }) => id));
    for (const [id, { watch }] of watches) {
      if (kept.has(id)) continue;
      watch.close();
      watches.delete(id);
    }
    for (const { id, root, extensions, fileRules } of libraries) {
      const settings = JSON.stringify([rootIdentity(root), extensions, fileRules]);
      const known = watches.get(id);
      if (known?.settings === settings) continue;
      known?.watch.close();
      const watch = new FolderWatch({
        library: { root: Buffer.from(root), extensions, fileRules },
        mostFolders: MOST_FOLDERS,
        onTouched: inBundles(SEND_EVERY_MS, (paths) => send({ type: 'touched', id, paths })),
        onProblem: (text) => send({ type: 'problem', id, text }),
      });
      watches.set(id, { settings, watch });
      if (watch.folders > 0) send({ type: 'touched', id, paths: undefined });
    }
  });
}

/** Gives on all paths of this time at its end, each once; `undefined` where there are too many. */
function inBundles(ms: number, give: (paths: readonly string[] | undefined) => void): (path: string) => void {
  let bundle: Set<string> | undefined;
  return (path) => {
    if (bundle === undefined) {
      const begun = new Set<string>();
      bundle = begun;
      setTimeout(() => {
        bundle = undefined;
        give(begun.size > MOST_PLACES ? undefined : [...begun]);
      }, ms);
    }
    if (bundle.size <= MOST_PLACES) bundle.add(path);
  };
}

/** Another one when the folder is replaced, or its disk is mounted or fails. */
function rootIdentity(root: Uint8Array): string {
  const path = Buffer.from(root);
  const name = path.toString('latin1');
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${name} ${String(dev)} ${String(ino)}`;
  } catch (error) {
    // EACCES, EIO or ESTALE of one root must not end the thread, which watches the others too.
    return `${name} ${String(errorCode(error))}`;
  }
}

if (parentPort !== null) watchLibraries(parentPort);
