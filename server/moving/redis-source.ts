import { createClient } from '@redis/client';
import { errorMessage } from '../domain/error-text.js';
import { MoveError } from './move-error.js';

/** koreader-sync-server uses it in production. */
const DEFAULT_DATABASE = 1;
/** A server that does not answer for so long is gone. */
const CONNECT_MS = 10_000;

/** Where a Redis listens. */
export interface RedisAddress {
  /** Without user name and password, for people. */
  readonly name: string;
  readonly database: number;
  /** What the client takes. */
  readonly connection:
    | { readonly socket: { readonly path: string } }
    | {
        readonly socket:
          | { readonly host: string; readonly port: number }
          | { readonly host: string; readonly port: number; readonly tls: true };
        readonly username?: string;
        readonly password?: string;
      };
}

const SCHEMES: ReadonlySet<string> = new Set(['redis:', 'rediss:']);
const REDIS_PORT = 6379;

/** Whether a text is meant as an address and not as a file. */
export function isRedisUrl(text: string): boolean {
  return /^rediss?:\/\//i.test(text);
}

/**
 * Reads `redis://user:password@host:6379/1`; `rediss:` for TLS. Without a database it is 1, that of koreader-sync-server.
 *
 * @throws MoveError
 */
export function parseRedisUrl(text: string, database: number | undefined): RedisAddress {
  const form = 'An address of Redis looks like redis://user:password@host:6379/1.';
  if (!URL.canParse(text)) throw new MoveError(`The address of Redis cannot be read. ${form}`);
  const url = new URL(text);
  if (!SCHEMES.has(url.protocol) || url.hostname === '')
    throw new MoveError(`The address of Redis has no host. ${form}`);
  const path = url.pathname.replace(/^\//, '');
  if (path !== '' && !/^\d{1,4}$/.test(path)) {
    throw new MoveError(`"${path}" is no number of a database in the address of Redis. ${form}`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? REDIS_PORT : Number(url.port);
  return {
    name: `${url.hostname}:${String(port)}`,
    database: database ?? (path === '' ? DEFAULT_DATABASE : Number(path)),
    connection: {
      socket: { host, port, ...(url.protocol === 'rediss:' ? { tls: true } : {}) },
      ...(url.username === '' ? {} : { username: decoded(url.username) }),
      ...(url.password === '' ? {} : { password: decoded(url.password) }),
    },
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A percent sign of the password itself.
    return part;
  }
}

/** The Redis of a copy, which listens at a socket in a folder of its own. */
export function redisAtSocket(path: string, name: string, database: number | undefined): RedisAddress {
  return { name, database: database ?? DEFAULT_DATABASE, connection: { socket: { path } } };
}

export type RedisClient = ReturnType<typeof clientFor>;

function clientFor({ connection, database }: RedisAddress) {
  return createClient({
    ...connection,
    database,
    // Version 2 of the protocol is what every Redis and Valkey speaks.
    RESP: 2,
    socket: {
      ...connection.socket,
      connectTimeout: CONNECT_MS,
      // An import can be started again; one that waits for ever says nothing.
      reconnectStrategy: false,
    },
  });
}

/**
 * Connects and works with a Redis.
 *
 * @throws MoveError when it cannot be reached, refuses the password, or goes away
 */
export async function withRedis<Result>(
  address: RedisAddress,
  work: (client: RedisClient) => Promise<Result>,
): Promise<Result> {
  const client = clientFor(address);
  // Without a listener an error would end the process. Every command that fails says the same.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    client.destroy();
    throw connectError(address, cause);
  }
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

function connectError({ name, database, connection }: RedisAddress, cause: unknown): MoveError {
  const message = errorMessage(cause);
  if (/^(?:NOAUTH|WRONGPASS|ERR invalid password|ERR AUTH|NOPERM)/.test(message)) {
    return new MoveError(
      `Redis at ${name} refuses: ${message} Put user name and password into the address: redis://user:password@host:6379/1.`,
      cause,
    );
  }
  if (message.includes('DB index')) {
    return new MoveError(
      `Redis at ${name} has no database ${String(database)}. koreader-sync-server uses 1 in production, 2 and 3 for tests.`,
      cause,
    );
  }
  const tls =
    'tls' in connection.socket ? ' A Redis without TLS has the address redis://, not rediss://.' : '';
  return new MoveError(
    `Redis at ${name} cannot be reached: ${message === '' ? 'nothing listens there' : message}. ` +
      `Check the address, and that Redis runs; in a container its port must be published.${tls}`,
    cause,
  );
}

/** What a command of a Redis failed with, as far as it is the connection and not the key. */
export function lostRedis({ name }: RedisAddress, cause: unknown): MoveError {
  return new MoveError(
    `Redis at ${name} stopped answering: ${errorMessage(cause)}. What was imported stays; start the import again to go on.`,
    cause,
  );
}
