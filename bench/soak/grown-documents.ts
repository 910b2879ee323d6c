import { setTimeout as delay } from 'node:timers/promises';
import { nowMs } from '../../test/server/compose/load-client.js';
import { type LoadBook, rowOf } from '../../test/server/compose/load-plan.js';
import type { SyncEvent } from '../../test/server/compose/sync-history.js';
import { CheckedHistory, type HistoryFindings } from './checked-history.js';
import type { SoakReader } from './soak-reader.js';
import { Window } from './window.js';

/** The bytes of a long position; it may have 4096. */
const LONG_POSITION = 4000;
/** Documents with long positions that are pushed in one fault, so that the disk is not filled by them for good. */
const MOST_GROWN = 2000;
/** Pause after a push or a pull that failed. */
const PUSH_AGAIN_MS = 50;
const PULL_AGAIN_MS = 500;

export interface GrownFindings extends HistoryFindings {
  /** Answers that a server must never give, and pulls that were not answered until the deadline. */
  readonly mistakes: readonly string[];
}

/** New documents with long positions, which take room. Each belongs to one of the readers that push them. */
export class GrownDocuments {
  readonly #readers: readonly SoakReader[];
  readonly #grown = new Map<SoakReader, LoadBook[]>();
  readonly #history = new CheckedHistory();
  /** Events that no check has seen to its end. */
  #unchecked: SyncEvent[] = [];
  #documents = 0;

  constructor(readers: readonly SoakReader[]) {
    this.#readers = readers;
  }

  /** All readers push new documents as long as `isGrowing` says so. */
  async grow(window: Window, isGrowing: () => boolean): Promise<void> {
    await Promise.all(this.#readers.map((reader) => this.#push(reader, window, isGrowing)));
    this.#unchecked.push(...window.events);
  }

  /**
   * Pulls all that was ever grown. One device knows each of these documents, so its pull shows what is stored.
   *
   * @param deadlineMs when a server that still answers no pulls has failed
   */
  async check(deadlineMs: number): Promise<GrownFindings> {
    const after = new Window(nowMs());
    const stored = new Map<string, string>();
    for (const [reader, books] of this.#grown) {
      const { userId, number } = reader.device;
      for (const book of books) {
        while ((await reader.pull(after, book)) === undefined) {
          if (nowMs() > deadlineMs) {
            const late = 'a minute after the fault, pulls of grown documents still fail';
            return { stale: [], lost: [], mistakes: [...after.mistakes, late] };
          }
          await delay(PULL_AGAIN_MS);
        }
        const pulled = after.events.at(-1);
        if (pulled?.value !== undefined) stored.set(rowOf(userId, book.document, number), pulled.value);
      }
    }
    const found = this.#history.check(this.#unchecked, after.events, stored);
    this.#unchecked = [];
    return { ...found, mistakes: after.mistakes };
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }

  async #push(reader: SoakReader, window: Window, isGrowing: () => boolean): Promise<void> {
    const mine = this.#grown.get(reader) ?? [];
    this.#grown.set(reader, mine);
    for (let pushed = 0; isGrowing() && pushed < MOST_GROWN / this.#readers.length; pushed++) {
      const document = `grown-${this.#documents++}`;
      const book = { register: document, document };
      mine.push(book);
      const isRight = await reader.push(window, book, LONG_POSITION);
      if (!isRight) await delay(PUSH_AGAIN_MS);
    }
  }
}
