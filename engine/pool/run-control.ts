import { EngineError } from './engine-error.js';
import type { CancelCell } from './messages.js';

/**
 * Tasks look at the cancel cell before each file, or with a ring before each group of a hundred, so they come back within
 * the time of those. One that hangs longer (a
 * dead file server) is left behind: its result is dropped when it comes.
 */
export const DRAIN_DEADLINE_MS = 500;

/**
 * What a walk and a run of hashing have in common: an async generator that waits for callbacks from the threads, and
 * is stopped by its consumer, by a signal, by close() or by an error.
 */
export class RunControl {
  readonly cancel: CancelCell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  private readonly signal: AbortSignal | undefined;
  private failure: EngineError | undefined;
  private onFailure: ((error: EngineError) => void) | undefined;
  private tasksInFlight = 0;
  private isWoken = false;
  private wakeUp: (() => void) | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.signal = signal;
    if (signal?.aborted) this.onAbort();
    else signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  taskStarted(): void {
    this.tasksInFlight += 1;
  }

  taskEnded(): void {
    this.tasksInFlight -= 1;
    this.wake();
  }

  /** Stops the run: its generator throws the first error that came. */
  fail(error: EngineError): void {
    this.failure ??= error;
    this.onFailure?.(this.failure);
    this.cancelTasks();
    this.wake();
  }

  get isFailed(): boolean {
    return this.failure !== undefined;
  }

  /** Nobody waits for results any more, and those of tasks that saw the cancel cell are not whole. */
  get isOver(): boolean {
    return Atomics.load(this.cancel, 0) !== 0;
  }

  throwIfFailed(): void {
    if (this.failure) throw this.failure;
  }

  /** What a promise comes to, or the error that stops the run first: a dead file server may never answer. */
  async unlessFailed<T>(promise: Promise<T>): Promise<T> {
    // When the run has failed already, nobody waits for it any more.
    promise.catch(() => undefined);
    this.throwIfFailed();
    const failed = new Promise<never>((_resolve, reject) => {
      this.onFailure = reject;
    });
    return Promise.race([promise, failed]);
  }

  /** Something happened that the generator may wait for. */
  wake(): void {
    const { wakeUp } = this;
    this.wakeUp = undefined;
    if (wakeUp) wakeUp();
    else this.isWoken = true;
  }

  /** Resolves at the next `wake()`, at once when there was one since the last wait, and after `timeoutMs` anyhow. */
  async wait(timeoutMs?: number): Promise<void> {
    if (!this.isWoken) {
      await new Promise<void>((resolve) => {
        const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.wake(), timeoutMs);
        this.wakeUp = (): void => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.isWoken = false;
  }

  /** The generator's end: nobody wants the rest. Resolves when no task is in flight any more, or at the deadline. */
  async end(): Promise<void> {
    this.signal?.removeEventListener('abort', this.onAbort);
    this.cancelTasks();
    const untilMs = performance.now() + DRAIN_DEADLINE_MS;
    for (let leftMs = DRAIN_DEADLINE_MS; this.tasksInFlight > 0 && leftMs > 0;) {
      await this.wait(leftMs);
      leftMs = untilMs - performance.now();
    }
  }

  private readonly onAbort = (): void => {
    this.fail(new EngineError('aborted', 'aborted', { cause: this.signal?.reason }));
  };

  private cancelTasks(): void {
    Atomics.store(this.cancel, 0, 1);
  }
}
