/**
 * A timeout for statements that run one after the other over one connection. All of them share one timer, which each
 * statement restarts; that is cheaper than making and clearing a timer for each. The timer may fire between statements;
 * it is ignored then.
 */
export class StatementTimer {
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;
  #onTimeout: (() => void) | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Calls `onTimeout` once, unless `end` or another `begin` is called before the time is over. */
  begin(onTimeout: () => void): void {
    this.#onTimeout = onTimeout;
    // The timer does not keep the process running: while a statement runs, its connection does.
    this.#timer = this.#timer?.refresh() ?? setTimeout(this.#fire, this.#timeoutMs).unref();
  }

  end(): void {
    this.#onTimeout = undefined;
  }

  readonly #fire = (): void => {
    const onTimeout = this.#onTimeout;
    this.#onTimeout = undefined;
    onTimeout?.();
  };
}
