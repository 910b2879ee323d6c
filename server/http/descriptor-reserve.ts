import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { errorCode } from '../domain/error-text.js';

/**
 * The descriptors that connections must leave for the rest of the program: the database, log and libraries, of which a scan
 * may have some hundred files open. A quarter where there are few.
 */
const RESERVED = 1024;
const RESERVED_PART = 0.25;
/** So that a flood of connections does not fill the log. */
const REPORT_EVERY_MS = 60_000;

/**
 * Keeps connections from taking the last descriptors of the process. Without any left, nothing else can be opened, and
 * uWebSockets.js tries to accept waiting connections again and again, with all of a processor and without a word.
 *
 * The system always gives the lowest free number. So no connection ever gets one of the last numbers if every connection
 * is closed that brings the numbers so far, whoever holds the others.
 */
export class DescriptorReserve {
  readonly #limit = openFilesLimit();
  readonly #firstReserved = this.#limit - Math.min(RESERVED, this.#limit * RESERVED_PART);
  readonly #report: (connections: number, limit: number) => void;
  #refused = 0;
  #reportedMs = -Infinity;

  /** @param report gets the number of connections since the last report */
  constructor(report: (connections: number, limit: number) => void) {
    this.#report = report;
  }

  /** Whether a connection that was just accepted may stay. Takes five microseconds. */
  admits(): boolean {
    if (nextDescriptor() < this.#firstReserved) return true;
    this.#refused++;
    const nowMs = performance.now();
    if (nowMs - this.#reportedMs >= REPORT_EVERY_MS) {
      this.#report(this.#refused, this.#limit);
      this.#reportedMs = nowMs;
      this.#refused = 0;
    }
    return false;
  }
}

/** The lowest free number; `Infinity` when there is none. */
function nextDescriptor(): number {
  try {
    const descriptor = openSync(devNull, 'r');
    closeSync(descriptor);
    return descriptor;
  } catch (error) {
    const code = errorCode(error);
    // Another error, such as a system without this file, tells nothing about descriptors.
    return code === 'EMFILE' || code === 'ENFILE' ? Infinity : 0;
  }
}

/** Files and connections that the process may have open at once. `Infinity` where the system does not tell. */
function openFilesLimit(): number {
  try {
    return Number(
      /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? Infinity,
    );
  } catch {
    return Infinity; // not Linux
  }
}
