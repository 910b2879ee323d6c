import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { Configuration } from '../../config/schema.js';
import { nativePackage } from '../http/uws.js';
import { composeListener, type Listener } from './listener.js';
import { createLogger } from './log.js';
import { seedSharedLimits } from './shared-limits.js';
import { packageVersion } from './version.js';
import { ForwardedError } from './operator-error.js';
import type { ListenerClose, ListenerEvent, ListenerTask } from './listener-messages.js';

export interface RunningServer extends Listener {
  readonly log: Logger;
  /** Rejects when a thread that answers requests has failed or ended. Never resolves. */
  readonly lost: Promise<never>;
}

/** What answers HTTP on this machine. @throws ListenError whose message says what is missing */
export function httpLibrary(): string {
  return nativePackage();
}

/**
 * Listens with the configured number of threads. With one, the calling thread listens. With several, all of them are
 * new threads that share the port, and the system spreads connections over them.
 */
export async function startServer(configuration: Configuration): Promise<RunningServer> {
  const log = await createLogger(configuration.log);
  const { listeners, port } = configuration.server;
  if (listeners === 1) {
    const listener = await composeListener(configuration, log, {
      threads: 1,
      isFirst: true,
      version: packageVersion(),
    });
    return { ...listener, log, lost: new Promise(() => undefined) };
  }
  const shared = port === 0 ? await freePort(configuration.server.host) : port;
  const limits = seedSharedLimits();
  const started = await Promise.allSettled(
    Array.from({ length: listeners }, (_, index) =>
      startThread({ configuration, port: shared, limits, isFirst: index === 0 }),
    ),
  );
  const threads = started.flatMap((thread) => (thread.status === 'fulfilled' ? [thread.value] : []));
  const failed = started.find((thread) => thread.status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(threads.map((thread) => thread.close(0)));
    throw failed.reason;
  }
  const lost = Promise.race(threads.map((thread) => thread.lost));
  lost.catch(() => undefined);
  return {
    port: shared,
    log,
    lost,
    close: async (deadlineMs) => {
      await Promise.all(threads.map((thread) => thread.close(deadlineMs)));
    },
  };
}

/** uWebSockets.js cannot share a port that the system chose when listening, so the port is chosen before. */
async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error(`no free port on ${host}`);
  return address.port;
}

function startError({ message, stack }: Extract<ListenerEvent, { readonly type: 'failed' }>): Error {
  return stack === undefined ? new ForwardedError(message) : Object.assign(new Error(message), { stack });
}

/** Another thread that answers requests. */
interface ListenerThread extends Listener {
  readonly lost: Promise<never>;
}

function startThread(task: ListenerTask): Promise<ListenerThread> {
  const worker = new Worker(new URL('./listener-worker.js', import.meta.url), { workerData: task });
  let isClosing = false;
  /** Or has closed all that it opened: a scan that does not stop in time keeps its thread from ending. */
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
    worker.on('message', (event: ListenerEvent) => {
      if (event.type === 'closed') resolve();
    });
  });
  const lost = new Promise<never>((_resolve, reject) => {
    worker.once('error', reject);
    worker.on('message', (event: ListenerEvent) => {
      if (event.type === 'lost') reject(event.error);
    });
    void ended.then(() => {
      if (!isClosing) reject(new Error('a thread that answers requests has ended'));
      return undefined;
    });
  });
  lost.catch(() => undefined);
  return new Promise((resolve, reject) => {
    worker.on('message', (event: ListenerEvent) => {
      if (event.type === 'failed') {
        isClosing = true;
        reject(startError(event));
      }
      if (event.type !== 'listening') return;
      resolve({
        port: event.port,
        lost,
        close: async (deadlineMs) => {
          isClosing = true;
          worker.postMessage({ type: 'close', deadlineMs } satisfies ListenerClose);
          await ended;
        },
      });
    });
    lost.catch(reject);
  });
}
