import { Worker } from 'node:worker_threads';
import type { TranslationAnswer, TranslationRequest } from '../translation/translations.js';
import type { TranslationResult, TranslationTask } from './translation-thread-messages.js';

export interface TranslationThreadOptions {
  /** From the call to the answer, waiting included. */
  readonly patienceMs?: number;
  /** For tests: a worker that misbehaves. */
  readonly worker?: URL;
}

/** A web page waits this long for a place in a book; an ordinary one takes some milliseconds. */
const PATIENCE_MS = 2000;
/** Of the patience; what is left then is enough to read a book, and to start a thread that was lost. */
const WAITING_SHARE = 0.5;
/** At some milliseconds each, far within the patience; more than this is not a reader turning pages. */
const WAITING_REQUESTS = 64;
/** A chapter of the greatest size that is parsed takes a few dozen MB. Buffers are outside of it, and bounded. */
const MEMORY = { maxOldGenerationSizeMb: 224, maxYoungGenerationSizeMb: 32 };

interface Waiting {
  readonly request: TranslationRequest;
  readonly answer: (answer: TranslationAnswer) => void;
  readonly deadlineMs: number;
  timer: NodeJS.Timeout;
}

/**
 * Translates positions in a thread of its own: parsing a book takes milliseconds at best, and a hostile one all the
 * time and memory that it gets. Not in the pool that hashes: the engine knows nothing of positions, and its threads
 * would each parse a book again that one thread remembers.
 *
 * The thread is started with the first request. One that does not answer in time, or ends, is replaced; only the
 * request that it was at fails with it.
 */
export class TranslationThread {
  readonly #options: TranslationThreadOptions;
  readonly #waiting = new Set<Waiting>();
  #running: Waiting | undefined;
  #worker: Worker | undefined;
  #isClosed = false;

  constructor(options: TranslationThreadOptions = {}) {
    this.#options = options;
  }

  /** Requests that wait, the one that is being answered left out. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Never rejects. */
  readonly translate = (request: TranslationRequest): Promise<TranslationAnswer> => {
    if (this.#isClosed || this.#waiting.size >= WAITING_REQUESTS) return Promise.resolve({ state: 'busy' });
    return new Promise((resolve) => {
      const patienceMs = this.#options.patienceMs ?? PATIENCE_MS;
      const timer = setTimeout(() => this.#giveUp(waiting), patienceMs * WAITING_SHARE);
      const deadlineMs = performance.now() + patienceMs;
      const waiting: Waiting = { request, answer: resolve, deadlineMs, timer };
      this.#waiting.add(waiting);
      this.#startNext();
    });
  };

  /** Whoever waits is told `busy`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const unanswered = [...this.#waiting, ...(this.#running === undefined ? [] : [this.#running])];
    this.#waiting.clear();
    this.#running = undefined;
    for (const each of unanswered) settle(each, { state: 'busy' });
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #startNext(): void {
    if (this.#running !== undefined || this.#isClosed) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#running = next;
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
    // A thread that runs out of memory, or throws, says so and exits: `exit` comes in every case.
    worker.on('error', () => this.#lose(worker));
    worker.on('exit', () => this.#lose(worker));
    return worker;
  }

  /** The others took the time, not this one. */
  #giveUp(waiting: Waiting): void {
    if (this.#waiting.delete(waiting)) settle(waiting, { state: 'busy' });
  }

  #expire(running: Waiting): void {
    if (this.#running !== running) return;
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    this.#finish({ state: 'too-slow' });
  }

  #lose(worker: Worker): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#finish({ state: 'crashed' });
  }

  #finish(answer: TranslationAnswer): void {
    const done = this.#running;
    this.#running = undefined;
    if (done !== undefined) settle(done, answer);
    this.#startNext();
  }
}

function settle({ timer, answer }: Waiting, outcome: TranslationAnswer): void {
  clearTimeout(timer);
  answer(outcome);
}
