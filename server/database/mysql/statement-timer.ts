/**
 * Ends what takes too long, one thing after the other: one timer for all statements of a connection, set anew for each,
 * instead of one made and cleared for each. Between statements it may ring, and nobody listens.
 */
export class StatementTimer {
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;
  #onTimeout: (() => void) | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  begin(onTimeout: () => void): void {
    this.#onTimeout = onTimeout;
    // It keeps no program running: while a statement is under way, its connection does.
    this.#timer = this.#timer?.refresh() ?? setTimeout(this.#ring, this.#timeoutMs).unref();
  }

  end(): void {
    this.#onTimeout = undefined;
  }

  readonly #ring = (): void => {
    const onTimeout = this.#onTimeout;
    this.#onTimeout = undefined;
    onTimeout?.();
  };
}
