import type { Logger } from 'pino';
import { databaseFault } from '../database/database-fault.js';
import { errorCode, errorMessage } from '../domain/error-text.js';

/** While something fails for one cause, it is said once in this time. */
const EVERY_MS = 60_000;
/** Causes that are remembered: more than errors have codes. The one that was said longest ago is forgotten, and said once more. */
const CAUSES = 50;

/** Logs that work in the background fails, which it may do twice a second: once a minute for each cause. */
export class RareWarning {
  readonly #log: Pick<Logger, 'warn'>;
  readonly #text: string;
  readonly #said = new Map<string, { readonly atMs: number; unsaid: number }>();

  constructor(log: Pick<Logger, 'warn'>, text: string) {
    this.#log = log;
    this.#text = text;
  }

  note(error: unknown): void {
    const cause = databaseFault(error) ?? errorCode(error) ?? 'other';
    const last = this.#said.get(cause);
    const nowMs = performance.now();
    if (last !== undefined && nowMs - last.atMs < EVERY_MS) {
      last.unsaid++;
      return;
    }
    this.#said.delete(cause);
    const [oldest] = this.#said.keys();
    if (this.#said.size >= CAUSES && oldest !== undefined) this.#said.delete(oldest);
    this.#said.set(cause, { atMs: nowMs, unsaid: 0 });
    this.#log.warn({ error: errorMessage(error), failures: (last?.unsaid ?? 0) + 1 }, this.#text);
  }
}
