import type { Store } from '../database/store.js';
import { koreaderSyncServerRecords } from './koreader-sync-server.js';
import type { MoveOptions } from './move-context.js';
import { moveIn } from './move-in.js';
import type { MoveTally } from './move-tally.js';
import { withRedisCopy } from './redis-copy.js';
import { isRedisUrl, parseRedisUrl, type RedisAddress, withRedis } from './redis-source.js';

export interface KoreaderSyncServerSource {
  /** An address, `redis://host:6379/1`, or the path of a file or folder of Redis' data. */
  readonly source: string;
  /** The number of the database in Redis. Default: that of the address, or 1. */
  readonly redisDatabase: number | undefined;
}

/**
 * Moves in everybody of a koreader-sync-server.
 *
 * @throws MoveError
 */
export async function importKoreaderSyncServer(
  store: Store,
  { source, redisDatabase }: KoreaderSyncServerSource,
  options: MoveOptions,
): Promise<MoveTally> {
  const move = (address: RedisAddress): Promise<MoveTally> =>
    withRedis(address, (client) =>
      moveIn(store, { records: koreaderSyncServerRecords(client, address), listsDevices: false }, options),
    );
  if (isRedisUrl(source)) return move(parseRedisUrl(source, redisDatabase));
  const copy = { database: redisDatabase, ...(options.signal && { signal: options.signal }) };
  return withRedisCopy(source, copy, move);
}
