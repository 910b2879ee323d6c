import { callbackify } from 'node:util';
import { type ConnectionOptions, createPool, type Pool, type PoolConnection, type PoolOptions } from 'mysql2';
import { type DatabaseServer, serverName } from '../../../config/database-url.js';
import { isConflict, isRetryable, isRowLocked } from '../database-error.js';
import { cutConnection } from './cut-connection.js';
import type { ConnectionSource } from './mysql-pool.js';
import { ServerHealth } from './server-health.js';

/** Between two looks at the server in use, and at those that are preferred to it. */
const LOOK_EVERY_MS = 1000;
/** Failed looks, one at once after the other, after which another server is taken: a short pause moves nobody. */
const FAILED_LOOKS = 2;
/** A preferred server is used again when it has been well for so long: one that comes and goes is left alone. */
const WELL_FOR_MS = 10_000;

/** Called when statements go to another server from now on. `reason`: why not to the one before. */
export type OnMoved = (move: { readonly from: string; readonly to: string; readonly reason: string }) => void;

type TakeConnection = Parameters<ConnectionSource['getConnection']>[0];

/** Somebody who waits for a connection, from the server that was in use when it was asked last. */
interface Waiting {
  readonly callback: TakeConnection;
  /** Counts the servers that were asked. An answer to an earlier question comes too late. */
  asked: number;
}

/**
 * Connections to the first of several servers that is well, in the order in which they are listed. All statements go to
 * one server. The others are in reserve.
 *
 * Each thread has a pool of its own, and two of them may use different servers for some seconds. Where one server takes
 * writes, both use that one or none. Where several do, reads wait for what any of them has acknowledged (clusterStatements
 * in mysql-session.ts), so a reader never finds a state behind its own push.
 *
 * The server in use is asked every second how it is. When it does not answer, takes no writes, or has lost its cluster,
 * its connections are closed, and whoever waits for one gets it from the next server. A server that is listed before the
 * one in use is used again when it has been well for ten seconds; what is under way ends where it began.
 */
export class ClusterPool implements ConnectionSource {
  readonly #servers: readonly ClusterServer[];
  readonly #onMoved: OnMoved;
  readonly #timer: NodeJS.Timeout;
  readonly #waiting = new Set<Waiting>();
  #current: ClusterServer;
  #looking: Promise<void> | undefined;
  #isEnded = false;

  constructor(
    servers: readonly [DatabaseServer, ...DatabaseServer[]],
    connection: ConnectionOptions,
    limits: PoolOptions,
    onMoved: OnMoved,
  ) {
    const [first, ...others] = servers;
    this.#current = new ClusterServer(first, connection, limits);
    this.#servers = [this.#current, ...others.map((server) => new ClusterServer(server, connection, limits))];
    this.#onMoved = onMoved;
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  getConnection(callback: TakeConnection): void {
    const waiting: Waiting = { callback, asked: 0 };
    this.#waiting.add(waiting);
    this.#ask(waiting);
  }

  /** To be called with the error of each statement: the server in use may have to be left. */
  note(error: unknown): void {
    if (isRetryable(error) && !isConflict(error) && !isRowLocked(error)) void this.#look();
  }

  end(callback: (error: NodeJS.ErrnoException | null) => void): void {
    this.#isEnded = true;
    clearInterval(this.#timer);
    callbackify(() => Promise.all(this.#servers.map((server) => server.end())))(callback);
  }

  #ask(waiting: Waiting): void {
    const asked = ++waiting.asked;
    const server = this.#current;
    server.pool.getConnection((error, connection) => {
      if (waiting.asked !== asked || !this.#waiting.has(waiting)) {
        if (error === null) connection.release();
        return;
      }
      if (error === null) {
        this.#waiting.delete(waiting);
        waiting.callback(null, connection);
        return;
      }
      void this.#askAgain(waiting, asked, error);
    });
  }

  /** After a connection that could not be had. Where another server is taken now, that one has been asked already. */
  async #askAgain(waiting: Waiting, asked: number, error: NodeJS.ErrnoException): Promise<void> {
    if (isRetryable(error) && !this.#isEnded && asked <= this.#servers.length) await this.#look();
    if (waiting.asked !== asked || !this.#waiting.delete(waiting)) return;
    waiting.callback(error);
  }

  /** Never rejects. Calls while a look is under way wait for that one. */
  #look(): Promise<void> {
    if (this.#isEnded) return Promise.resolve();
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const current = this.#current;
    const preferred = this.#servers.slice(0, this.#servers.indexOf(current));
    const [reason] = await Promise.all([
      reasonToLeave(current),
      ...preferred.map((server) => server.health.look()),
    ]);
    if (reason === undefined) {
      const back = preferred.find(({ health }) => health.wellForMs >= WELL_FOR_MS);
      if (back !== undefined) this.#move(back, `${back.name} is well again`);
      return;
    }
    await Promise.all(this.#servers.map(async (server) => server === current || server.health.look()));
    const next = this.#servers.find((server) => server !== current && server.health.isWell);
    if (next === undefined || this.#isEnded) return;
    this.#move(next, reason);
    current.dropConnections();
  }

  #move(to: ClusterServer, reason: string): void {
    const from = this.#current;
    this.#current = to;
    this.#onMoved({ from: from.name, to: to.name, reason });
    for (const waiting of this.#waiting) this.#ask(waiting);
  }
}

/** Why statements should go elsewhere. `undefined`: there is no reason. */
async function reasonToLeave({ health }: ClusterServer): Promise<string | undefined> {
  let reason: string | undefined;
  for (let looks = 0; looks < FAILED_LOOKS; looks++) {
    reason = await health.look();
    if (reason === undefined) return undefined;
  }
  return reason;
}

class ClusterServer {
  readonly name: string;
  readonly health: ServerHealth;
  readonly #options: PoolOptions;
  readonly #connections = new Set<PoolConnection>();
  #pool: Pool | undefined;

  constructor({ host, port }: DatabaseServer, connection: ConnectionOptions, limits: PoolOptions) {
    this.name = serverName({ host, port });
    this.#options = { ...connection, ...limits, host, port };
    this.health = new ServerHealth({ ...connection, host, port });
  }

  get pool(): Pool {
    if (this.#pool === undefined) {
      this.#pool = createPool(this.#options);
      this.#pool.on('connection', (connection) => {
        this.#connections.add(connection);
        connection.once('end', () => this.#connections.delete(connection));
        connection.once('error', () => this.#connections.delete(connection));
      });
    }
    return this.#pool;
  }

  /** Statements that wait for an answer of this server fail at once. */
  dropConnections(): void {
    for (const connection of this.#connections) cutConnection(connection);
    this.#connections.clear();
  }

  async end(): Promise<void> {
    this.health.end();
    await new Promise<void>((resolve) => {
      if (this.#pool === undefined) resolve();
      else this.#pool.end(() => resolve());
    });
  }
}
