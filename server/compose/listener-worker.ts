import { parentPort, workerData } from 'node:worker_threads';
import { composeListener } from './listener.js';
import type { ListenerClose, ListenerEvent, ListenerTask } from './listener-messages.js';
import { createLogger } from './log.js';
import { packageVersion } from './version.js';

async function listen(
  { configuration, port }: ListenerTask,
  parent: NonNullable<typeof parentPort>,
): Promise<void> {
  const send = (event: ListenerEvent): void => parent.postMessage(event);
  try {
    const log = createLogger(configuration.log);
    const listener = await composeListener(configuration, log, {
      port,
      threads: configuration.server.listeners,
      version: packageVersion(),
    });
    parent.once('message', ({ deadlineMs }: ListenerClose) => {
      void listener.close(deadlineMs).finally(() => {
        send({ type: 'closed' });
        parent.close();
      });
    });
    // A thread that simply ended would leave its sockets open, and Node.js aborts the whole process then: requests of the
    // other threads as well. So it stays until it is told to close, like the others.
    process.on('uncaughtException', (error) => send({ type: 'lost', error }));
    send({ type: 'listening', port: listener.port });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error('unknown error');
    send({ type: 'failed', name, message });
    parent.close();
  }
}

if (parentPort !== null) {
  // The thread is started by compose-server.ts alone, with this type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  await listen(workerData as ListenerTask, parentPort);
}
