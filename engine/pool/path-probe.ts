import { PATH_SEPARATOR, type RootState } from './messages.js';
import type { Work, WorkSlots, WorkSource } from './task-scheduler.js';

// Looks at the file system that are one task. They are done in our threads because a dead file server may never
// answer: Node's synchronous calls would stop the main thread with it, and its asynchronous ones keep one of libuv's
// four threads, which passwords and name look-ups of the whole process need.

/** @param root absolute, bytes, with a slash at its end */
export function lookAtRoot(slots: WorkSlots, root: Uint8Array): Promise<RootState> {
  return new Promise((resolve, reject) => {
    offer(slots, {
      kind: 'root',
      task: { kind: 'root', root },
      done: ({ state }) => resolve(state),
      fail: reject,
    });
  });
}

/** @param root absolute, bytes, with a slash at its end */
export function whichAreGone(
  slots: WorkSlots,
  root: Buffer,
  paths: readonly Buffer[],
): Promise<readonly boolean[]> {
  if (paths.length === 0) return Promise.resolve([]);
  const joined = paths.map((path) => path.toString('latin1')).join(PATH_SEPARATOR);
  return new Promise((resolve, reject) => {
    offer(slots, {
      kind: 'gone',
      task: { kind: 'gone', root: root.toString('latin1'), paths: joined },
      done: ({ isGone }) => resolve(isGone),
      fail: reject,
    });
  });
}

function offer(slots: WorkSlots, work: Work): void {
  const source: WorkSource = {
    nextWork: () => {
      slots.remove(source);
      return work;
    },
  };
  slots.add(source);
}
