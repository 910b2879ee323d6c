import type { RootState } from './messages.js';
import type { WorkSlots, WorkSource } from './work-slots.js';

/**
 * Looks at a root in one of our threads, because a dead file server may never answer. Node's asynchronous calls
 * would keep one of libuv's four threads with it, which passwords and name look-ups of the whole process need.
 */
export function lookAtRoot(slots: WorkSlots, root: Uint8Array): Promise<RootState> {
  return new Promise((resolve, reject) => {
    const source: WorkSource = {
      nextWork: () => {
        slots.remove(source);
        return {
          kind: 'root',
          task: { kind: 'root', root },
          done: ({ state }) => resolve(state),
          fail: reject,
        };
      },
    };
    slots.add(source);
  });
}
