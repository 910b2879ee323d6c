import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { WatchThreadEvent, WatchThreadTask } from '../../../server/compose/watch-thread-messages.js';
import { libraryId } from '../../../server/domain/ids.js';
import { NEW_FILE_RULES } from '../../../server/library/library.js';
import { bookFolder } from '../../support/book-folder.js';

function watched(root: string): readonly WatchThreadEvent[] {
  const events: WatchThreadEvent[] = [];
  const worker = new Worker(new URL('../../../server/compose/watch-worker.js', import.meta.url));
  onTestFinished(async () => {
    await worker.terminate();
  });
  worker.on('message', (event: WatchThreadEvent) => events.push(event));
  const task: WatchThreadTask = {
    libraries: [
      { id: libraryId(1), root: Buffer.from(root), extensions: undefined, fileRules: NEW_FILE_RULES },
    ],
  };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origins
  worker.postMessage(task);
  return events;
}

it('a file that is written for a while is told of a few times', async () => {
  const folder = await bookFolder({ 'one.epub': 'one' });
  const events = watched(folder.path);
  await vi.waitFor(() => expect(events).toHaveLength(1), { timeout: 10_000 });
  for (let write = 0; write < 100; write++) {
    appendFileSync(join(folder.path, 'one.epub'), 'more');
    await delay(5);
  }
  await vi.waitFor(() => expect(events.length).toBeGreaterThan(1), { timeout: 10_000 });
  expect(events.length).toBeLessThan(20);
});
