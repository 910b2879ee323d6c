import type { LoadAnswer } from '../../test/server/compose/load-client.js';
import type { SyncEvent } from '../../test/server/compose/sync-history.js';

/** What the readers saw during one fault, or between two faults. */
export class Window {
  readonly events: SyncEvent[] = [];
  /** Answers that a server must never give, whatever happens to it. */
  readonly mistakes: string[] = [];
  requests = 0;
  unavailable = 0;
  unanswered = 0;
  slowestMs = 0;
  #longestPauseMs = 0;
  #lastSuccessMs: number;

  constructor(nowMs: number) {
    this.#lastSuccessMs = nowMs;
  }

  get failures(): number {
    return this.unavailable + this.unanswered;
  }

  /** The longest time in which no push was acknowledged. */
  longestPauseMs(nowMs: number): number {
    return Math.max(this.#longestPauseMs, nowMs - this.#lastSuccessMs);
  }

  record(method: 'GET' | 'PUT', { status, text, sentMs, answeredMs }: LoadAnswer): void {
    this.requests += 1;
    this.slowestMs = Math.max(this.slowestMs, answeredMs - sentMs);
    if (status === 503) this.unavailable += 1;
    else if (status === 0) this.unanswered += 1;
    else if (status !== 200) this.mistakes.push(`${method} was answered ${status}: ${text.slice(0, 300)}`);
    if (method === 'PUT' && status === 200) {
      this.#longestPauseMs = Math.max(this.#longestPauseMs, answeredMs - this.#lastSuccessMs);
      this.#lastSuccessMs = answeredMs;
    }
  }
}
