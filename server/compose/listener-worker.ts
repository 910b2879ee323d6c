import { parentPort, workerData } from 'node:worker_threads';
import { composeListener } from './listener.js';
import { errorMessage } from '../domain/error-text.js';
import type { ListenerClose, ListenerEvent, ListenerTask } from './listener-messages.js';
import { createLogger } from './log.js';
import { operatorMessage } from './operator-error.js';
import { packageVersion } from './version.js';

async function startListener(
  { configuration, port, limits, isFirst }: ListenerTask,
  parent: NonNullable<typeof parentPort>,
): Promise<void> {
  const send = (event: ListenerEvent): void => parent.postMessage(event);
  try {
    const log = await createLogger(configuration.log);
    const listener = await composeListener(configuration, log, {
      port,
      threads: configuration.server.listeners,
      limits,
      isFirst,
      version: packageVersion(),
    });
    parent.once('message', ({ deadlineMs }: ListenerClose) => {
      void listener.close(deadlineMs).finally(() => {
        send({ type: 'closed' });
        parent.close();
      });
    });
    // An uncaught error must not end the thread: a thread that ends with open sockets makes Node.js abort the whole
    // process, with the requests of the other threads. So the thread stays until it is told to close, like the others.
    process.on('uncaughtException', (error) => send({ type: 'lost', error }));
    send({ type: 'listening', port: listener.port });
  } catch (error) {
    const message = operatorMessage(error);
    const stack = message === undefined && error instanceof Error ? error.stack : undefined;
    send({ type: 'failed', message: message ?? errorMessage(error), stack });
    parent.close();
  }
}

if (parentPort !== null) {
  // Only server.ts starts this thread, and with this type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  await startListener(workerData as ListenerTask, parentPort);
}
