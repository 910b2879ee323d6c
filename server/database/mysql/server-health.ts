import { type Connection, type ConnectionOptions, createConnection, type RowDataPacket } from 'mysql2';
import { withDeadline } from '../../domain/deadline.js';
import { errorCode, errorMessage } from '../../domain/error-text.js';
import { cutConnection } from './cut-connection.js';

/** A server that does not answer a look within this time is not well. */
const LOOK_TIMEOUT_MS = 1000;

const NO_ANSWER = `it does not answer within ${String(LOOK_TIMEOUT_MS)} ms`;

/** How a server of a cluster is, by a connection of its own: those of the pool may all wait for an answer. */
export class ServerHealth {
  readonly #options: ConnectionOptions;
  #connection: Connection | undefined;
  #wellSinceMs: number | undefined;
  #isEnded = false;

  constructor(options: ConnectionOptions) {
    this.#options = { ...options, connectTimeout: LOOK_TIMEOUT_MS };
  }

  /** By the last look. */
  get isWell(): boolean {
    return this.#wellSinceMs !== undefined;
  }

  get wellForMs(): number {
    return this.#wellSinceMs === undefined ? 0 : performance.now() - this.#wellSinceMs;
  }

  /** @returns why the server cannot be used; `undefined`: it can. Never rejects */
  async look(): Promise<string | undefined> {
    const reason = await this.#ask();
    if (reason === undefined) this.#wellSinceMs ??= performance.now();
    else this.#wellSinceMs = undefined;
    return reason;
  }

  end(): void {
    this.#isEnded = true;
    this.#drop();
  }

  /** Whether it takes writes, and belongs to a cluster with a majority, if to any. */
  async #ask(): Promise<string | undefined> {
    if (this.#isEnded) return NO_ANSWER;
    try {
      // MariaDB without Galera says that it is not ready, and names no provider. MySQL has neither.
      const rows = await this.#rows(
        "show global status where variable_name in ('wsrep_ready', 'wsrep_provider_name')",
      );
      const galera = new Map(rows.map((row) => [row['Variable_name'], row['Value']]));
      if (galera.get('wsrep_provider_name') && galera.get('wsrep_ready') !== 'ON') {
        return 'it is not ready, or its part of the cluster has no majority';
      }
      const [mode] = await this.#rows('select @@global.read_only + 0 as read_only');
      return Number(mode?.['read_only']) === 0 ? undefined : 'it is read-only';
    } catch (error) {
      this.#drop();
      return errorMessage(error) || errorCode(error) || NO_ANSWER;
    }
  }

  #rows(text: string): Promise<readonly RowDataPacket[]> {
    const connection = this.#opened();
    const rows = new Promise<readonly RowDataPacket[]>((resolve, reject) => {
      connection.query<RowDataPacket[]>(text, (error, result) => {
        if (error === null) resolve(result);
        else reject(error);
      });
    });
    return withDeadline(rows, LOOK_TIMEOUT_MS, () => {
      throw new Error(NO_ANSWER);
    });
  }

  #opened(): Connection {
    if (this.#connection === undefined) {
      this.#connection = createConnection(this.#options);
      // Between two looks. The next one fails, and says so.
      this.#connection.on('error', () => undefined);
    }
    return this.#connection;
  }

  #drop(): void {
    if (this.#connection !== undefined) cutConnection(this.#connection);
    this.#connection = undefined;
  }
}
