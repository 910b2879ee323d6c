import { networkInterfaces } from 'node:os';
import type { Configuration } from '../../config/schema.js';
import type { RunningServer } from '../compose/server.js';
import { withDeadline } from '../domain/deadline.js';
import { EXIT } from './exit-code.js';

/** Time for closing the database and for ending a scan, after the configured time for answering. */
const CLOSE_MORE_MS = 2000;

/** After closing, the process normally ends within a few milliseconds. */
const EXIT_AFTER_MS = 500;

/**
 * Keeps the server running until a signal comes or a thread is lost, and then closes it: it accepts no more connections,
 * answers the waiting requests and commits. A lost thread ends the whole process, because the service manager restarts
 * a process that has ended, but not one that lacks a thread. A second signal ends the process at once.
 *
 * @param background work that ends soon after the signal. It does not keep the server from stopping, and is left when it
 *   does not end in time. Must not reject
 * @returns the exit code: 0 after a signal, 1 when a thread was lost
 */
export async function untilStopped(
  server: RunningServer,
  { server: { shutdown_seconds } }: Configuration,
  signals: Promise<NodeJS.Signals>,
  background: Promise<void> = Promise.resolve(),
): Promise<number> {
  const { log } = server;
  const deadlineMs = shutdown_seconds * 1000;
  let exitCode: number = EXIT.ok;
  try {
    const signal = await Promise.race([signals, server.lost]);
    log.info({ signal }, 'stopping');
  } catch (error) {
    const reason = error instanceof Error ? error.stack : 'unknown error';
    log.fatal({ error: reason }, 'a thread that answers requests was lost; stopping');
    exitCode = EXIT.failed;
  }
  const giveUp = setTimeout(() => {
    log.error('stopping took too long; requests that were not answered are lost');
    process.exit(EXIT.failed);
  }, deadlineMs + CLOSE_MORE_MS);
  const backgroundEnded = withDeadline(background, deadlineMs, () => {
    log.warn('the scan did not stop in time; the next one goes on from what it has written');
  });
  await Promise.all([server.close(deadlineMs), backgroundEnded]);
  clearTimeout(giveUp);
  log.info('stopped');
  // Connections to a database that does not answer would keep the process alive.
  setTimeout(() => process.exit(exitCode), EXIT_AFTER_MS).unref();
  return exitCode;
}

/** Resolves with the first SIGINT or SIGTERM, and restores the default handling of both. */
export function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve(signal);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

/** Where readers find the server: `server.public_url`, or the address of this machine in the local network. */
export function serverAddress({ server }: Configuration, port: number): string {
  if (server.public_url !== undefined) return server.public_url.replace(/\/$/, '');
  const scheme = server.tls.certificate === undefined ? 'http' : 'https';
  const path = server.base_url === '/' ? '' : server.base_url;
  return `${scheme}://${hostFor(server.host)}:${String(port)}${path}`;
}

/** The address of this machine in its network, where the system tells it: a sandbox may forbid to ask. */
function ownAddress(): string | undefined {
  try {
    const addresses = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
    return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  } catch {
    return undefined;
  }
}

function hostFor(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host.includes(':') ? `[${host}]` : host;
  return ownAddress() ?? '127.0.0.1';
}
