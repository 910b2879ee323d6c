import { EngineError } from './engine-error.js';
import type { CancelCell } from './messages.js';

/**
 * How long a run that ends waits for its tasks. They check the cancel cell before each file, or with a ring before
 * each group of a hundred, so they end within the time that those take. A task that hangs longer, on a dead file
 * server, is abandoned: its result is discarded when it comes.
 */
export const DRAIN_DEADLINE_MS = 500;

/**
 * The common part of a walk and a run of hashing. Each is an async generator that waits for callbacks from the
 * threads. It is stopped by its consumer, by a signal, by close() or by an error.
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

  /** Stops the run. Its generator throws the error of the first call. */
  fail(error: EngineError): void {
    this.failure ??= error;
    this.onFailure?.(this.failure);
    this.cancelTasks();
    this.wake();
  }

  get isFailed(): boolean {
    return this.failure !== undefined;
  }

  /** True once the run was stopped. Results must be discarded then: those of cancelled tasks are incomplete. */
  get isOver(): boolean {
    return Atomics.load(this.cancel, 0) !== 0;
  }

  throwIfFailed(): void {
    if (this.failure) throw this.failure;
  }

  /**
   * Waits for a promise, or throws the error that stops the run before that, because a promise that depends on a dead
   * file server may never settle. Only one call at a time.
   */
  async unlessFailed<T>(promise: Promise<T>): Promise<T> {
    // If the run fails first, nobody handles a later rejection of the promise. It must not become an unhandled
    // rejection.
    promise.catch(() => undefined);
    this.throwIfFailed();
    const failed = new Promise<never>((_resolve, reject) => {
      this.onFailure = reject;
    });
    return Promise.race([promise, failed]);
  }

  /** Wakes the generator, which checks for results. */
  wake(): void {
    const { wakeUp } = this;
    this.wakeUp = undefined;
    if (wakeUp) wakeUp();
    else this.isWoken = true;
  }

  /**
   * Resolves at the next `wake()`, at once if there was one since the last wait, and after `timeoutMs` at the latest.
   */
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

  /** Ends the run, finished or not: cancels its tasks and waits until they have ended, or for `DRAIN_DEADLINE_MS`. */
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
    this.fail(new EngineError('aborted', 'aborted by the caller', { cause: this.signal?.reason }));
  };

  private cancelTasks(): void {
    Atomics.store(this.cancel, 0, 1);
  }
}
