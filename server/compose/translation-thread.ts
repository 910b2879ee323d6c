import { Worker } from 'node:worker_threads';
import type { TranslationAnswer, TranslationRequest } from '../translation/translations.js';
import { TranslationQueue, type Requester } from './translation-queue.js';
import type { TranslationResult, TranslationTask } from './translation-thread-messages.js';

export interface TranslationThreadOptions {
  /** From the call to the answer, including the wait for other requests. */
  readonly timeoutMs?: number;
  /** For tests: a worker that misbehaves. */
  readonly worker?: URL;
}

/** How long a web page should wait for a position. Translating one normally takes some milliseconds. */
const TIMEOUT_MS = 2000;
/** The part of the timeout that a request may wait. The rest is enough to start a thread and to read a book. */
const WAITING_SHARE = 0.5;
/**
 * The part of the timeout that a request has at least while others wait. Positions take some milliseconds, and a book of
 * the greatest size some hundred.
 */
const UNDISTURBED_SHARE = 0.25;
/** At some milliseconds each, so many requests take far less than the timeout. Readers turning pages send fewer. */
const WAITING_REQUESTS = 64;
/** The largest chapter that is parsed takes a few dozen MB. Buffers do not count against this limit, and are bounded. */
const MEMORY = { maxOldGenerationSizeMb: 224, maxYoungGenerationSizeMb: 32 };

interface Waiting {
  readonly request: TranslationRequest;
  readonly user: Requester;
  readonly answer: (answer: TranslationAnswer) => void;
  readonly deadlineMs: number;
  startedMs: number;
  timer: NodeJS.Timeout;
}

/**
 * Translates positions in a thread of its own: parsing a book takes milliseconds at best, and a hostile book takes all
 * the time and memory that it gets. Not in the engine's pool: the engine knows nothing of positions, and each of its
 * threads would parse a book again that a single thread has cached.
 *
 * Users share the thread evenly (translation-queue.ts). A request that has waited half of its time takes the place of
 * another user's request, if that has had the thread for a while and its user used it more.
 *
 * The first request starts the thread. A thread that does not answer in time, or ends, is replaced; only the request
 * that it was working on fails.
 */
export class TranslationThread {
  readonly #options: TranslationThreadOptions;
  readonly #waiting = new TranslationQueue<Waiting>(WAITING_REQUESTS);
  #running: Waiting | undefined;
  #worker: Worker | undefined;
  #isClosed = false;

  constructor(options: TranslationThreadOptions = {}) {
    this.#options = options;
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? TIMEOUT_MS;
  }

  /** Number of waiting requests, without the one that is being answered. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Never rejects. */
  readonly translate = (request: TranslationRequest, user: Requester): Promise<TranslationAnswer> => {
    if (this.#isClosed) return Promise.resolve({ state: 'busy' });
    return new Promise((resolve) => {
      const timeoutMs = this.#timeoutMs;
      const timer = setTimeout(() => this.#giveUp(waiting), timeoutMs * WAITING_SHARE);
      const deadlineMs = performance.now() + timeoutMs;
      const waiting: Waiting = { request, user, answer: resolve, deadlineMs, startedMs: 0, timer };
      const refused = this.#waiting.add(waiting);
      if (refused !== undefined) settle(refused, { state: 'busy' });
      this.#startNext();
    });
  };

  /** Unanswered requests are answered `busy`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const unanswered = [...this.#waiting.takeAll(), ...(this.#running === undefined ? [] : [this.#running])];
    this.#running = undefined;
    for (const each of unanswered) settle(each, { state: 'busy' });
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #startNext(): void {
    if (this.#running !== undefined || this.#isClosed) return;
    const next = this.#waiting.take(performance.now());
    if (next !== undefined) this.#run(next);
  }

  #run(next: Waiting): void {
    this.#running = next;
    next.startedMs = performance.now();
    clearTimeout(next.timer);
    next.timer = setTimeout(() => this.#expire(next), next.deadlineMs - performance.now());
    this.#worker ??= this.#start();
    this.#worker.postMessage({ type: 'translate', request: next.request } satisfies TranslationTask);
  }

  #start(): Worker {
    const url = this.#options.worker ?? new URL('./translation-worker.js', import.meta.url);
    const worker = new Worker(url, { resourceLimits: MEMORY });
    worker.on('message', ({ outcomes }: TranslationResult) => {
      if (worker === this.#worker) this.#finish({ state: 'answered', outcomes });
    });
    // `exit` follows `error`: after an exception and when the thread runs out of memory. The first of them counts.
    worker.on('error', () => this.#lose(worker));
    worker.on('exit', () => this.#lose(worker));
    return worker;
  }

  /** The requests before this one took the time, so the answer is `busy` and not `too-slow`. */
  #giveUp(waiting: Waiting): void {
    if (!this.#waiting.delete(waiting)) return;
    if (this.#yieldsTo(waiting)) {
      this.#endRunning();
      this.#run(waiting);
    } else settle(waiting, { state: 'busy' });
  }

  #yieldsTo({ user }: Waiting): boolean {
    const running = this.#running;
    if (running === undefined || running.user === user) return false;
    const nowMs = performance.now();
    const runMs = nowMs - running.startedMs;
    if (runMs < this.#timeoutMs * UNDISTURBED_SHARE) return false;
    return this.#waiting.usedMs(running.user, nowMs) + runMs > this.#waiting.usedMs(user, nowMs);
  }

  #expire(running: Waiting): void {
    if (this.#running !== running) return;
    this.#endRunning();
    this.#startNext();
  }

  /** Ends the thread in the middle of a request. Nothing else stops it. */
  #endRunning(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    this.#answerRunning({ state: 'too-slow' });
  }

  #lose(worker: Worker): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#finish({ state: 'crashed' });
  }

  #finish(answer: TranslationAnswer): void {
    this.#answerRunning(answer);
    this.#startNext();
  }

  #answerRunning(answer: TranslationAnswer): void {
    const done = this.#running;
    this.#running = undefined;
    if (done === undefined) return;
    const nowMs = performance.now();
    this.#waiting.addUse(done.user, nowMs - done.startedMs, nowMs);
    settle(done, answer);
  }
}

function settle({ timer, answer }: Waiting, outcome: TranslationAnswer): void {
  clearTimeout(timer);
  answer(outcome);
}
