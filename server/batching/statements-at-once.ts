import { busySinceLastCall } from './thread-busy.js';

interface AtOnceOptions {
  /** How many statements may always be under way. */
  readonly least: number;
  /** How many at most. Each takes a connection. */
  readonly most: number;
  /** The rows that wait for a statement. */
  readonly waiting: () => number;
  /** The part of the time since the call before in which this thread was busy, 0–1. Default: measured. */
  readonly busy?: () => number;
}

/** Below, the fixed costs of a statement say more than its rows. */
const SMALLEST_BATCH = 8;
/** Statements between two decisions. */
const DECIDED_AFTER = 8;
/** The part of the newest statement in the average. */
const WEIGHT = 1 / 8;
/**
 * Microseconds a row, of all statements together. From a database that has the pages in memory a thread of this machine had
 * a row every 37 µs (pulls) to 50 µs (pushes), and most of it was the thread's own time; from a database of 190 MB with
 * a buffer pool of 128 MiB every 75 and 85 µs, and every 390 and 430 µs where a page took 0.5 ms to read.
 */
const SLOW_US = 60;
const FAST_US = 45;
/** Of this thread: above the first it is the bottleneck itself; above the second fewer statements spare it work. */
const BUSY = 0.8;
const OVERLOADED = 0.95;

/**
 * How many statements a queue may have under way. InnoDB reads the pages of one statement one after the other, so a
 * database that is larger than its buffer pool answers in proportion to the statements that it works on: with pages that
 * took 0.5 ms, five reads at once answered 2.7 times as many pulls as two, and four commits 1.8 times as many pushes. Where
 * the pages are in memory, two statements of many rows cost less than eight of few: 10 % of a pull (measured). So another
 * statement is allowed only while rows wait, come slowly, and this thread has time.
 */
export class StatementsAtOnce {
  readonly #options: AtOnceOptions;
  readonly #busy: () => number;
  #allowed: number;
  #underWay = 0;
  #rowUs: number | undefined;
  #noted = 0;
  #waiting = 0;

  constructor(options: AtOnceOptions) {
    this.#options = options;
    this.#busy = options.busy ?? busySinceLastCall();
    this.#allowed = options.least;
  }

  get allowed(): number {
    return this.#allowed;
  }

  /** Runs a statement over so many rows and notes how long it takes. */
  async run<Result>(rows: number, statement: () => Promise<Result>): Promise<Result> {
    const startedMs = performance.now();
    this.#underWay++;
    try {
      const result = await statement();
      this.#note(rows, performance.now() - startedMs);
      return result;
    } finally {
      this.#underWay--;
    }
  }

  #note(rows: number, durationMs: number): void {
    if (this.#options.least === this.#options.most) return;
    // With fewer under way than may be, the queue is not held up.
    if (rows < SMALLEST_BATCH || this.#underWay < this.#allowed) return;
    const rowUs = (durationMs * 1000) / rows / this.#underWay;
    this.#rowUs = this.#rowUs === undefined ? rowUs : this.#rowUs + (rowUs - this.#rowUs) * WEIGHT;
    this.#waiting += this.#options.waiting();
    this.#noted++;
    if (this.#noted < DECIDED_AFTER) return;
    this.#decide(this.#rowUs, this.#waiting / this.#noted);
    this.#noted = 0;
    this.#waiting = 0;
  }

  #decide(rowUs: number, waiting: number): void {
    const { least, most } = this.#options;
    const busy = this.#busy();
    if (rowUs > SLOW_US && busy < BUSY && waiting >= SMALLEST_BATCH) {
      this.#allowed = Math.min(this.#allowed + 1, most);
    } else if (rowUs < FAST_US || busy > OVERLOADED) {
      this.#allowed = Math.max(this.#allowed - 1, least);
    }
  }
}
