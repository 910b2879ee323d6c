import { contradictions, missingPushes, type SyncEvent } from '../../test/server/compose/sync-history.js';

export interface HistoryFindings {
  /** Pulls during the load that no correct server can have answered so. */
  readonly stale: readonly string[];
  /** Acknowledged pushes that the pulls and listings after the load do not show. */
  readonly lost: readonly string[];
}

/**
 * Checks the history of a long run piece by piece. At the end of each piece all documents were pulled and all devices'
 * positions listed while nobody pushed, so the next piece needs only the newest pushes of this one.
 */
export class CheckedHistory {
  #kept: readonly SyncEvent[] = [];

  /**
   * @param load the events of the piece
   * @param after the pulls after it
   * @param stored positions by row after it
   */
  check(
    load: readonly SyncEvent[],
    after: readonly SyncEvent[],
    stored: ReadonlyMap<string, string>,
  ): HistoryFindings {
    const events = [...this.#kept, ...load];
    const stale = contradictions(events);
    const written = events.filter((event) => event.kind === 'push');
    const lost = [...contradictions([...written, ...after]), ...missingPushes(written, stored)];
    // What a pull of the load has shown has to stay, though its push was not acknowledged.
    if (stale.length + lost.length === 0) lost.push(...contradictions([...events, ...after]));
    const pushes = newestPushes(events);
    const values = new Set(pushes.map(({ value }) => value));
    this.#kept = [...pushes, ...after.filter(({ value }) => value !== undefined && values.has(value))];
    return { stale, lost };
  }
}

/**
 * Of each row, the last acknowledged push, which has to be stored, and those after it, which may still be. A push before
 * it cannot come back: that is a contradiction of this piece or, by its unknown value, of the next.
 */
function newestPushes(events: readonly SyncEvent[]): readonly SyncEvent[] {
  const rows = new Map<string, SyncEvent[]>();
  for (const event of events) {
    if (event.kind !== 'push') continue;
    const kept = rows.get(event.row);
    if (kept === undefined || event.isAcknowledged) rows.set(event.row, [event]);
    else kept.push(event);
  }
  return [...rows.values()].flat();
}
