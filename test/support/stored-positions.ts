import { sql } from 'kysely';
import type { UserId } from '../../server/domain/ids.js';
import type { Store } from '../../server/database/store.js';

export interface StoredPosition {
  readonly userId: UserId;
  readonly document: string;
  readonly deviceKey: string;
  readonly position: string;
}

/** The last position of every device of every user, straight from the tables. */
export async function storedPositions({ db }: Store): Promise<readonly StoredPosition[]> {
  const { rows } = await sql<{ user_id: UserId; document: Buffer; device_key: Buffer; position: Buffer }>`
    select user_id, document, device_key, position from document_progress
    union all
    select d.user_id, d.document, d.device_key, d.position from device_progress as d
      join document_progress as h on h.user_id = d.user_id and h.document = d.document
    where d.device_key <> h.device_key`.execute(db);
  return rows.map((row) => ({
    userId: row.user_id,
    document: row.document.toString(),
    deviceKey: row.device_key.toString(),
    position: row.position.toString(),
  }));
}
