import { type ResourceLimits, Worker } from 'node:worker_threads';
import type { CoverOutcome, CoverRequest, ReadCover } from '../book/book-cover.js';
import type { BookFileFailure, PieceOutcome, PieceRequest, ReadPiece } from '../book/book-file.js';

/** To a thread that reads. */
export interface FileTask {
  readonly id: number;
  readonly request: PieceRequest | CoverRequest;
}

/** From the thread, one for each task. */
export interface FileResult {
  readonly id: number;
  readonly outcome: PieceOutcome | CoverOutcome;
}

export interface BookFileThreadsOptions {
  /** From the request to the outcome, including the wait for other requests. */
  readonly timeoutMs?: number;
  /** How long a thread without requests is kept. */
  readonly idleMs?: number;
  /** For tests: a worker that misbehaves. */
  readonly worker?: URL;
}

/** As for other looks at storage: a disk that has spun down needs ten seconds to start. */
const TIMEOUT_MS = 20_000;
/** The next page of a list follows within seconds. A thread takes some megabytes. */
const IDLE_MS = 60_000;
/**
 * A file server that does not answer holds up the thread, and so the downloads of all libraries that share it: of every
 * fourth one. One thread reads more than a network carries.
 */
const THREADS = 4;
/**
 * In one thread, with those that nobody waits for any more. Each download waits for one part at a time, so this is more than
 * all downloads together; and covers are asked for by pages that show some dozens.
 */
const WAITING_REQUESTS = 256;
/** The package document of the largest book takes some dozens of megabytes. Buffers do not count against this limit. */
const COVER_MEMORY = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };
/** A thread that reads pieces keeps nothing: with the space for covers it took 8 MB more. */
const PIECE_MEMORY = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 };

/**
 * Reads parts of files, and covers, in threads of their own: not in this one, which answers readers, and not with Node's
 * asynchronous calls, of which a dead file server would block the four threads that password checks need. Covers have other
 * threads than downloads: reading one may take as long as the book is made to take. A thread starts at its first request and
 * ends when it has had none for a minute.
 */
export class BookFileThreads {
  readonly #pieces: readonly BookFileThread<PieceRequest, PieceOutcome>[];
  readonly #covers: readonly BookFileThread<CoverRequest, CoverOutcome>[];

  constructor(options: BookFileThreadsOptions = {}) {
    this.#pieces = Array.from({ length: THREADS }, () => new BookFileThread(PIECE_MEMORY, options));
    this.#covers = Array.from({ length: THREADS }, () => new BookFileThread(COVER_MEMORY, options));
  }

  readonly readPiece: ReadPiece = (request) => threadOf(this.#pieces, request).read(request);
  readonly readCover: ReadCover = (request) => threadOf(this.#covers, request).read(request);

  /** Requests that wait are answered `slow`. */
  async close(): Promise<void> {
    await Promise.all([...this.#pieces, ...this.#covers].map((thread) => thread.close()));
  }
}

function threadOf<Thread>(threads: readonly Thread[], { libraryId }: PieceRequest | CoverRequest): Thread {
  const thread = threads[libraryId % threads.length];
  if (thread === undefined) throw new Error('a library belongs to no thread');
  return thread;
}

interface Waiting<Outcome> {
  readonly give: (outcome: Outcome | BookFileFailure) => void;
  readonly timer: NodeJS.Timeout;
}

class BookFileThread<
  Request extends PieceRequest | CoverRequest,
  Outcome extends PieceOutcome | CoverOutcome,
> {
  readonly #memory: ResourceLimits;
  readonly #options: BookFileThreadsOptions;
  readonly #waiting = new Map<number, Waiting<Outcome>>();
  #lastId = 0;
  /** What the worker has not answered yet, also for requests that do not wait any more. */
  #unanswered = 0;
  #worker: Worker | undefined;
  /**
   * A worker that was ended while it hung in the storage. Until it has ended, no other one starts: that one would hang as
   * well, and while the storage is away they would become many.
   */
  #hanging: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(memory: ResourceLimits, options: BookFileThreadsOptions) {
    this.#memory = memory;
    this.#options = options;
  }

  read(request: Request): Promise<Outcome | BookFileFailure> {
    const isRefused = this.#isClosed || this.#hanging !== undefined;
    if (isRefused || this.#unanswered >= WAITING_REQUESTS) return Promise.resolve({ state: 'slow' });
    clearTimeout(this.#idle);
    return new Promise((resolve) => {
      const id = ++this.#lastId;
      const timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS;
      const timer = setTimeout(() => this.#settle(id, { state: 'slow' }), timeoutMs);
      this.#waiting.set(id, { give: resolve, timer });
      this.#worker ??= this.#start();
      this.#unanswered++;
      const moved = 'memory' in request ? [request.memory] : [];
      this.#worker.postMessage({ id, request } satisfies FileTask, moved);
    });
  }

  /** A thread that hangs in the storage ends when the storage answers. Nobody waits for that. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    this.#settleAll({ state: 'slow' });
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#options.worker ?? new URL('./book-file-worker.js', import.meta.url), {
      resourceLimits: this.#memory,
    });
    worker.on('message', ({ id, outcome }: { readonly id: number; readonly outcome: Outcome }) => {
      this.#settle(id, outcome);
      if (worker === this.#worker) this.#unanswered--;
    });
    // `exit` follows `error`. The next request starts another thread.
    const lose = (): void => {
      if (worker === this.#hanging) this.#hanging = undefined;
      if (worker !== this.#worker) return;
      this.#worker = undefined;
      this.#unanswered = 0;
      this.#settleAll({ state: 'unreadable', message: 'the thread that reads files has ended' });
    };
    worker.on('error', lose);
    worker.on('exit', lose);
    return worker;
  }

  #settle(id: number, outcome: Outcome | BookFileFailure): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.give(outcome);
    if (this.#waiting.size > 0 || this.#isClosed) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#end(), this.#options.idleMs ?? IDLE_MS).unref();
  }

  #settleAll(outcome: BookFileFailure): void {
    for (const id of this.#waiting.keys()) this.#settle(id, outcome);
  }

  #end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    if (this.#unanswered > 0) this.#hanging = worker;
    this.#unanswered = 0;
    void worker?.terminate();
  }
}
