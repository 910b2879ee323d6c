import { setTimeout as delay } from 'node:timers/promises';
import { LoadClient, type LoadAnswer, nowMs } from './load-client.js';
import {
  deviceFields,
  type FailedRequest,
  type LoadBook,
  type LoadDevice,
  type LoadPlan,
  parsePosition,
  percentageOf,
  positionOf,
  rowOf,
} from './load-plan.js';
import type { SyncEvent } from './sync-history.js';

export interface ReaderReport {
  readonly events: SyncEvent[];
  readonly failures: FailedRequest[];
  /** Answers that a server must never give. */
  readonly mistakes: string[];
}

/** Pause after a failure. KOReader waits for the next page, or until it is online again. */
const RETRY_MS = 100;
/** How long the last push is retried before the reader gives up and the test fails. */
const LAST_PUSH_TIMEOUT_MS = 60_000;
/** Answers of a server that is stopping, or without its database. */
const EXPECTED_FAILURES: ReadonlySet<number> = new Set([0, 503]);

/**
 * A reader that pushes and pulls, one request after the other, until it is told to stop, and records the answers. After a failed
 * push, the next push has a new position, as if the person had read on. At the end it retries until the last push of each
 * book is acknowledged.
 */
export class LoadReader {
  readonly report: ReaderReport = { events: [], failures: [], mistakes: [] };
  readonly #device: LoadDevice;
  readonly #plan: LoadPlan;
  readonly #client = new LoadClient();
  readonly #unacknowledged = new Set<LoadBook>();
  #pushes = 0;

  constructor(device: LoadDevice, plan: LoadPlan) {
    this.#device = device;
    this.#plan = plan;
  }

  /** @param signal ends the load */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const book = pick(this.#device.books);
      const isPush = Math.random() < 0.5;
      const isRight = await (isPush ? this.#push(book) : this.#pull(book));
      await delay(isRight ? this.#plan.pauseMs : RETRY_MS);
    }
    const giveUpMs = nowMs() + LAST_PUSH_TIMEOUT_MS;
    for (const book of this.#unacknowledged) {
      while (!(await this.#push(book))) {
        if (nowMs() > giveUpMs) throw new Error(`${book.register}: the last push was never acknowledged`);
        await delay(RETRY_MS);
      }
    }
    this.#client.close();
  }

  /** Pulls each book once, after the load. */
  async pullAll(): Promise<void> {
    for (const book of this.#device.books) {
      if (!(await this.#pull(book))) this.report.mistakes.push(`the last pull of ${book.register} failed`);
    }
    this.#client.close();
  }

  async #push(book: LoadBook): Promise<boolean> {
    const { number, userId } = this.#device;
    const push = ++this.#pushes;
    const fields = { document: book.document, progress: positionOf(number, push), ...deviceFields(number) };
    const body = JSON.stringify({ ...fields, percentage: percentageOf(number, push) });
    const answer = await this.#send('PUT', '/syncs/progress', body);
    const isAcknowledged = answer.status === 200;
    this.report.events.push({
      kind: 'push',
      register: book.register,
      row: rowOf(userId, book.document, number),
      value: fields.progress,
      sentMs: answer.sentMs,
      answeredMs: answer.answeredMs,
      ...portOf(answer),
      isAcknowledged,
    });
    if (isAcknowledged) this.#unacknowledged.delete(book);
    else this.#unacknowledged.add(book);
    return isAcknowledged;
  }

  async #pull(book: LoadBook): Promise<boolean> {
    const answer = await this.#send('GET', `/syncs/progress/${encodeURIComponent(book.document)}`);
    if (answer.status !== 200) return false;
    const { register } = book;
    const { sentMs, answeredMs } = answer;
    const value = this.#read(answer, book);
    this.report.events.push({ kind: 'pull', register, value, sentMs, answeredMs, ...portOf(answer) });
    return true;
  }

  async #send(method: 'GET' | 'PUT', path: string, body?: string): Promise<LoadAnswer> {
    const { pathPrefix, headers } = this.#device;
    const answer = await this.#client.send(pick(this.#plan.ports), method, pathPrefix + path, headers, body);
    if (answer.status !== 200) {
      const { status, sentMs, answeredMs } = answer;
      this.report.failures.push({ method, status, sentMs, answeredMs });
      if (!EXPECTED_FAILURES.has(status)) {
        this.report.mistakes.push(`${method} answered ${String(status)}: ${answer.text}`);
      }
    }
    return answer;
  }

  /** Checks the other fields of the answer. @returns the position */
  #read({ text }: LoadAnswer, { document }: LoadBook): string | undefined {
    const answer = JSON.parse(text) as Record<string, unknown>;
    const { progress } = answer;
    if (progress === undefined) return undefined;
    if (typeof progress !== 'string') throw new Error(`a pull of ${document} answered ${text}`);
    const origin = parsePosition(progress);
    const expected = origin && {
      document,
      progress,
      percentage: percentageOf(origin.deviceNumber, origin.push),
      ...deviceFields(origin.deviceNumber),
    };
    const { timestamp, ...rest } = answer;
    if (!Number.isInteger(timestamp) || !isSame(rest, expected)) {
      this.report.mistakes.push(`a pull of ${document} answered ${text}`);
    }
    return progress;
  }
}

function portOf({ port }: LoadAnswer): { readonly port?: number } {
  return port === undefined ? {} : { port };
}

function isSame(fields: Readonly<Record<string, unknown>>, expected: object | undefined): boolean {
  if (expected === undefined) return false;
  const entries = Object.entries(expected);
  return (
    Object.keys(fields).length === entries.length && entries.every(([name, value]) => fields[name] === value)
  );
}

function pick<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}
