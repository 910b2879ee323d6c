import { Worker } from 'node:worker_threads';
import type { QueryResult } from 'kysely';
import { packValues, unpackValues } from './packed-values.js';
import type {
  SqliteOpenFailure,
  SqliteReply,
  SqliteRequest,
  SqliteThreadOptions,
} from './sqlite-messages.js';

/** What a statement leaves behind is garbage at once. V8 would let it grow to 48 MB: 20 MB more in each thread of a scan. */
const YOUNG_MB = 4;

interface Waiting {
  readonly resolve: (result: QueryResult<unknown>) => void;
  readonly reject: (error: Error) => void;
}

/** An error of SQLite; `code` is SQLite's own name for it (see database-error.ts). */
class SqliteError extends Error {
  override readonly name = 'SqliteError';
  readonly code: string;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * One SQLite connection in a thread of its own. SQLite's calls block until the disk has written a commit, or until
 * another process releases its write lock. The thread that answers requests must not wait for either.
 */
export class SqliteThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #ended: Error | undefined;

  constructor(options: SqliteThreadOptions) {
    this.#worker = new Worker(new URL('./sqlite-worker.js', import.meta.url), {
      workerData: options,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: SqliteReply | SqliteOpenFailure) => {
      if (reply.state === 'not-opened') this.#end(new SqliteError(reply.message, reply.code));
      else this.#settle(reply);
    });
    this.#worker.on('error', (error: unknown) => this.#end(threadEnded(error)));
    this.#worker.on('exit', () => this.#end(threadEnded()));
  }

  /** Whether the thread has ended, or could not open the database. It takes no more statements then. */
  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** How many statements were given to the thread. */
  get statements(): number {
    return this.#nextId;
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /**
   * Runs one statement. Statements run one after the other, in the order of the calls.
   *
   * @param times as in {@link SqliteRequest}
   * @throws SqliteError when SQLite refuses it, or the thread has ended; Error when `close` was called
   */
  execute(sql: string, parameters: readonly unknown[], times = 1): Promise<QueryResult<unknown>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      // The thread keeps the process running only while a reply is outstanding.
      if (this.#waiting.size === 1) this.#worker.ref();
      const packed = packValues([...parameters]);
      this.#worker.postMessage({ id, sql, parameters: packed, times } satisfies SqliteRequest);
    });
  }

  /** Ends the thread. Statements without a reply are rejected. */
  async close(): Promise<void> {
    this.#ended ??= new Error('the database is closed');
    await this.#worker.terminate();
  }

  #settle(reply: SqliteReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (waiting === undefined) return;
    switch (reply.state) {
      case 'rows':
        waiting.resolve({ rows: rowsOf(reply.columns, unpackValues(reply.cells)) });
        return;
      case 'written':
        waiting.resolve({
          rows: [],
          numAffectedRows: BigInt(reply.changes),
          insertId: BigInt(reply.lastInsertRowid),
        });
        return;
      case 'failed':
        waiting.reject(new SqliteError(reply.message, reply.code));
        return;
      default:
        reply satisfies never;
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

/** What another program's transaction looks like while SQLite still waits for its end. */
export function lockedFor(ms: number): Error {
  return new SqliteError(`another transaction has held the write lock for ${String(ms)} ms`, 'SQLITE_BUSY');
}

/** The code is this file's own. The statements without a reply may have been carried out. */
function threadEnded(cause?: unknown): SqliteError {
  return new SqliteError('the SQLite thread has ended', 'SQLITE_THREAD_ENDED', cause);
}

function rowsOf(columns: readonly string[], cells: readonly unknown[]): unknown[] {
  const rows: unknown[] = [];
  for (let start = 0; start < cells.length; start += columns.length) {
    const row: Record<string, unknown> = {};
    for (const [index, column] of columns.entries()) {
      row[column] = cells[start + index];
    }
    rows.push(row);
  }
  return rows;
}
