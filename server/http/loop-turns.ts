/** Something that goes on at the end of a turn of the event loop. */
export interface Postponed {
  goOn(): void;
}

/**
 * Puts off work until uWebSockets.js has parsed what it read from the connections. It parses all requests that one
 * packet brings before it returns to the event loop, and closes the connection at the second request of which the first
 * is unanswered. So a connection gets one answer in a turn, however much it sends, and what changes data is begun only
 * when it is known whether the connection was closed meanwhile.
 *
 * One immediate a turn, not one a request.
 */
export class LoopTurns {
  /** Differs between work of the same turn and work of a later one. */
  current = 0;
  #isScheduled = false;
  #atEnd: Postponed[] = [];
  #atNextEnd: Postponed[] = [];

  /** @returns the current turn, of which the end will be noticed */
  enter(): number {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#end);
    }
    return this.current;
  }

  /** Goes on at the end of the turn that was entered last. */
  atEnd(work: Postponed): void {
    this.#atEnd.push(work);
  }

  /**
   * Goes on one turn later. By then the loop has seen the end of a connection whose last packet carried it, or came
   * right after the request.
   */
  atNextEnd(work: Postponed): void {
    this.#atNextEnd.push(work);
  }

  readonly #end = (): void => {
    this.current++;
    const due = this.#atEnd;
    this.#atEnd = this.#atNextEnd;
    this.#atNextEnd = [];
    this.#isScheduled = this.#atEnd.length > 0;
    if (this.#isScheduled) setImmediate(this.#end);
    const errors: unknown[] = [];
    for (const work of due) {
      try {
        work.goOn();
      } catch (error) {
        // Must not keep the other requests of the turn from being answered.
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  };
}
