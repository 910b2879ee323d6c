import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { executable, installPackage, mayInstall } from './apt.js';
import { freePort } from './free-port.js';
import { temporaryFolder } from './temporary-folder.js';

const WHAT_TO_INSTALL = 'The tests of imports from koreader-sync-server need redis-server: install it.';

/**
 * redis-server of this machine. Installs it when there is none, as root on Debian and its relatives.
 *
 * @throws Error that says what to install, when there is none and none can be installed
 */
async function redisExecutable(): Promise<string> {
  const found = await executable('redis-server');
  if (found !== undefined) return found;
  if (!(await mayInstall())) throw new Error(WHAT_TO_INSTALL);
  await installPackage('redis-server', 'redis-server');
  const installed = await executable('redis-server');
  if (installed === undefined) throw new Error(WHAT_TO_INSTALL);
  return installed;
}

export type RedisCommand = (...words: readonly (string | Buffer)[]) => Promise<unknown>;

export interface PrivateRedis {
  readonly port: number;
  /** The folder of its data. */
  readonly folder: string;
  /** Sends a command to the database of koreader-sync-server in production, 1. */
  readonly command: RedisCommand;
  /** Many commands at once. */
  commands(all: readonly (readonly (string | Buffer)[])[]): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a Redis with an append-only file, as the reference server's redis.conf has it. @param more options */
export async function startPrivateRedis(...more: readonly string[]): Promise<PrivateRedis> {
  const server = await redisExecutable();
  const port = await freePort();
  const { path: folder } = await temporaryFolder();
  const child = spawn(
    server,
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', ...more],
    { stdio: 'ignore' },
  );
  const killWithTests = () => child.kill('SIGKILL');
  process.once('exit', killWithTests);
  const client = createClient({ socket: { host: '127.0.0.1', port }, database: 1, RESP: 2 });
  client.on('error', () => undefined);
  await client.connect();
  return {
    port,
    folder,
    command: (...words) => client.sendCommand([...words]),
    commands: async (all) => {
      for (let start = 0; start < all.length; start += 1000) {
        await Promise.all(all.slice(start, start + 1000).map((words) => client.sendCommand([...words])));
      }
    },
    stop: async () => {
      client.destroy();
      child.kill('SIGTERM');
      while (child.exitCode === null && child.signalCode === null) await delay(10);
      process.removeListener('exit', killWithTests);
    },
  };
}

/** What koreader-sync-server sends when a user is made. */
export function setUser(name: string, key: string): readonly string[] {
  return ['set', `user:${name}:key`, key];
}

/** What it sends for a push; the order of the fields is that of a Lua table, which is any. */
export function setProgress(
  user: string,
  document: string,
  fields: Readonly<Record<string, string | Buffer>>,
): readonly (string | Buffer)[] {
  return ['hmset', `user:${user}:document:${document}`, ...Object.entries(fields).flat()];
}
