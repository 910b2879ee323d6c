import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { openStore } from '../../server/database/store.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** History is written at most five seconds after its push. */
const WRITTEN_BEHIND_MS = 6000;

/** Between two pushes. */
const PAUSE_MS = 25 * 60 * 1000;
const KNOWN_DAYS = 200;

/**
 * Makes a past for what was pushed within seconds, so that pictures show a curve of reading and different times: the
 * history goes back over days, and the last pushes over hours.
 */
export async function spreadReading(databaseUrl: string, days: number): Promise<void> {
  await delay(WRITTEN_BEHIND_MS);
  const store = await openStore(databaseUrl, { connections: 1 });
  try {
    const entries = sql`(select max(entry_number) from progress_history)`;
    const arrivals = sql`(select max(arrival) from document_progress)`;
    for (const statement of [
      sql`
        update progress_history
          set pushed_ms = pushed_ms - ${days * DAY_MS} * (${entries} - entry_number) / ${entries}`,
      sql`update document_progress set pushed_ms = pushed_ms - ${PAUSE_MS} * (${arrivals} - arrival)`,
      sql`update device_progress set pushed_ms = pushed_ms - ${PAUSE_MS} * (${arrivals} - arrival)`,
      sql`update device set first_seen_s = first_seen_s - ${(KNOWN_DAYS * DAY_MS) / 1000}`,
    ]) {
      await statement.execute(store.db);
    }
  } finally {
    await store.close();
  }
}
