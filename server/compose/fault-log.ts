import type { Logger } from 'pino';
import { isConflict } from '../database/database-error.js';
import { databaseFault, faultMessage } from '../database/database-fault.js';
import { errorCode, errorMessage } from '../domain/error-text.js';

/** While a database is away, every request fails for the same reason. Each reason is logged once in this time. */
const EVERY_MS = 10_000;

interface Repeated {
  failures: number;
  last: unknown;
}

/**
 * Logs why statements fail: the fault at once, and then every ten seconds with the number of failures meanwhile. Retries
 * and deadlines hide these errors from the routes, which only see that there was no answer in time.
 */
export class FaultLog {
  readonly #log: Pick<Logger, 'error' | 'info'>;
  /** By reason, of which there are some fifteen. */
  readonly #repeated = new Map<string, Repeated>();

  constructor(log: Pick<Logger, 'error' | 'info'>) {
    this.#log = log;
  }

  /** @param error of any statement or connection; one that is no fault of the database is not logged */
  note(error: unknown): void {
    const reason = databaseFault(error) ?? (isConflict(error) ? 'conflict' : undefined);
    if (reason === undefined) return;
    const repeated = this.#repeated.get(reason);
    if (repeated !== undefined) {
      repeated.failures++;
      repeated.last = error;
      return;
    }
    this.#write(reason, error, 1);
    const begun: Repeated = { failures: 0, last: error };
    this.#repeated.set(reason, begun);
    const timer = setInterval(() => {
      if (begun.failures === 0) {
        clearInterval(timer);
        this.#repeated.delete(reason);
        return;
      }
      this.#write(reason, begun.last, begun.failures);
      begun.failures = 0;
    }, EVERY_MS).unref();
  }

  #write(reason: string, error: unknown, failures: number): void {
    const fields = { reason, code: errorCode(error), failures };
    // Transactions that meet are a part of normal operation. They are done again.
    if (reason === 'conflict')
      this.#log.info(fields, `transactions were in each other's way: ${errorMessage(error)}`);
    else this.#log.error(fields, faultMessage(error));
  }
}
