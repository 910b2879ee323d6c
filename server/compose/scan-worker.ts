import { parentPort, workerData } from 'node:worker_threads';
import { operatorMessage } from './operator-error.js';
import { composeProgram } from './program.js';
import { DogearError } from '../domain/dogear-error.js';
import { loggedError } from '../http/logged-error.js';
import type { ScanThreadEvent, ScanThreadStop, ScanThreadTask } from './scan-thread-messages.js';
import { OPERATOR } from '../domain/actor.js';
import { getLibrary } from '../library/get-library.js';

/** Least time between two progress messages. People read no faster, and each message takes time of the other thread. */
const PROGRESS_EVERY_MS = 100;

/** Runs one scan for scan-thread.ts, with a database connection and an engine of its own. */
async function scan(task: ScanThreadTask, port: NonNullable<typeof parentPort>): Promise<void> {
  const send = (event: ScanThreadEvent): void => port.postMessage(event);
  const stop = new AbortController();
  port.on('message', (_stop: ScanThreadStop) => stop.abort());
  let close = (): Promise<void> => Promise.resolve();
  try {
    const program = await composeProgram(task.configuration, (error) =>
      send({ type: 'not-adopted', error: loggedError(error) }),
    );
    close = () => program.close();
    const { library } = await getLibrary(program.store, OPERATOR, task.libraryId);
    let sentMs = -Infinity;
    const summary = await program.scan(library, {
      regenHashes: task.regenHashes,
      unlessBegunWithinMs: task.unlessBegunWithinMs,
      within: task.within?.map((place) => Buffer.from(place)),
      signal: stop.signal,
      ...(task.shard === undefined ? {} : { shard: task.shard }),
      onStart: (scanId) => send({ type: 'started', scanId }),
      onProgress: (progress) => {
        if (progress.elapsedMs - sentMs < PROGRESS_EVERY_MS) return;
        sentMs = progress.elapsedMs;
        send({ type: 'progress', progress });
      },
      onFailure: (failure) => send({ type: 'failure', failure }),
    });
    send({ type: 'completed', summary });
  } catch (error) {
    const code = error instanceof DogearError ? error.code : undefined;
    const message = operatorMessage(error);
    send({
      type: 'failed',
      code,
      error: { ...loggedError(error), ...(message === undefined ? {} : { message }) },
    });
  } finally {
    // The scan has ended, and its result is sent.
    await close().catch(() => undefined);
    port.close();
  }
}

if (parentPort !== null) {
  // Only scan-thread.ts starts this thread, and with this type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  await scan(workerData as ScanThreadTask, parentPort);
}
