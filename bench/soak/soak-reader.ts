import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type LoadAnswer, LoadClient, nowMs } from '../../test/server/compose/load-client.js';
import {
  deviceFields,
  type LoadBook,
  type LoadDevice,
  percentageOf,
  positionOf,
  rowOf,
} from '../../test/server/compose/load-plan.js';
import type { Window } from './window.js';

/** Pause after a failure. KOReader waits for the next page, or until it is online again. */
const RETRY_MS = 100;
/**
 * After it cut a connection, a reader pushes nothing for longer than any push waits in a server. Otherwise the cut push
 * could be stored after the next one, and nobody could say which is the right one.
 */
const CUT_PAUSE_MS = 3000;
/** A connection is cut within this time after the request was sent. */
const CUT_AFTER_MS = 8;
const CUT_SHARE = 0.3;

/** Positions end with this and padding, if they are to take room. */
const PADDING_MARK = '#';

export interface ReadingConditions {
  readonly window: Window;
  isOver(this: void): boolean;
  /** Between an answer and the next request. */
  readonly pauseMs: number;
  /** Whether readers cut connections after they sent a request. */
  readonly isCutting: boolean;
}

/** A device that pushes and pulls, one request after the other, and records what it sent and what was answered. */
export class SoakReader {
  readonly device: LoadDevice;
  readonly #port: number;
  readonly #client = new LoadClient();
  #pushes = 0;
  #notBeforeMs = 0;

  constructor(device: LoadDevice, port: number) {
    this.device = device;
    this.#port = port;
  }

  async read(conditions: ReadingConditions): Promise<void> {
    const { window, isOver, pauseMs, isCutting } = conditions;
    while (!isOver()) {
      const book = this.device.books[Math.floor(Math.random() * this.device.books.length)];
      if (book === undefined) throw new Error('a device without books');
      const isPush = Math.random() < 0.5 && nowMs() > this.#notBeforeMs;
      let isRight = true;
      if (!isPush) isRight = (await this.pull(window, book)) !== undefined;
      else if (isCutting && Math.random() < CUT_SHARE) await this.#cutPush(window, book);
      else isRight = await this.push(window, book);
      await delay(isRight ? pauseMs : RETRY_MS);
    }
  }

  /** @param paddingBytes makes the position so much longer */
  async push(window: Window, book: LoadBook, paddingBytes = 0): Promise<boolean> {
    const { path, value, body } = this.#nextPush(book, paddingBytes);
    const answer = await this.#client.send(this.#port, 'PUT', path, this.device.headers, body);
    window.record('PUT', answer);
    this.#record(window, book, value, answer);
    return answer.status === 200;
  }

  /** @returns `undefined` when it was not answered, otherwise whether a position was there */
  async pull(window: Window, book: LoadBook): Promise<boolean | undefined> {
    const path = `${this.device.pathPrefix}/syncs/progress/${encodeURIComponent(book.document)}`;
    const answer = await this.#client.send(this.#port, 'GET', path, this.device.headers);
    window.record('GET', answer);
    if (answer.status !== 200) return undefined;
    const value = valueOf(answer.text);
    const { sentMs, answeredMs } = answer;
    window.events.push({ kind: 'pull', register: book.register, value, sentMs, answeredMs });
    return value !== undefined;
  }

  close(): void {
    this.#client.close();
  }

  /** Sends a push and resets the connection without waiting for the answer. */
  #cutPush(window: Window, book: LoadBook): Promise<void> {
    const { path, value, body } = this.#nextPush(book, 0);
    const headers = Object.entries({ ...this.device.headers, 'Content-Length': String(body.length) });
    const head = headers.map(([name, text]) => `${name}: ${text}\r\n`).join('');
    const request = `PUT ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${head}\r\n${body}`;
    const sentMs = nowMs();
    this.#notBeforeMs = sentMs + CUT_PAUSE_MS;
    return new Promise((resolve) => {
      const socket = connect(this.#port, '127.0.0.1', () => {
        // Half of the requests arrive in part only.
        socket.write(Math.random() < 0.5 ? request : request.slice(0, -10));
        setTimeout(() => socket.resetAndDestroy(), Math.random() * CUT_AFTER_MS);
      });
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#record(window, book, value, { status: 0, text: '', sentMs, answeredMs: nowMs() });
        resolve();
      });
    });
  }

  #nextPush(book: LoadBook, paddingBytes: number) {
    const { number, pathPrefix } = this.device;
    const push = ++this.#pushes;
    const value = positionOf(number, push);
    const progress = paddingBytes === 0 ? value : `${value}${PADDING_MARK}${'x'.repeat(paddingBytes)}`;
    const fields = { document: book.document, progress, ...deviceFields(number) };
    const body = JSON.stringify({ ...fields, percentage: percentageOf(number, push) });
    return { path: `${pathPrefix}/syncs/progress`, value, body };
  }

  #record(window: Window, book: LoadBook, value: string, answer: LoadAnswer): void {
    const { sentMs, answeredMs, status } = answer;
    const row = rowOf(this.device.userId, book.document, this.device.number);
    const { register } = book;
    const isAcknowledged = status === 200;
    window.events.push({ kind: 'push', register, row, value, sentMs, answeredMs, isAcknowledged });
  }
}

/** What a position says without its padding. */
export function withoutPadding(progress: string): string {
  return progress.split(PADDING_MARK)[0] ?? progress;
}

function valueOf(text: string): string | undefined {
  const answer: unknown = JSON.parse(text);
  if (typeof answer !== 'object' || answer === null || !('progress' in answer)) return undefined;
  return withoutPadding(String(answer.progress));
}
