import { errorMessage } from '../domain/error-text.js';
import { MoveError } from './move-error.js';
import type { MovedRecord, MovedRecords } from './moved-record.js';
import { lostRedis, type RedisAddress, type RedisClient } from './redis-source.js';

/** What one SCAN looks at. Larger ones gain nothing and hold Redis for longer. */
const KEYS_OF_SCAN = 1000;
/**
 * Keys whose values are asked for at once. A field of koreader-sync-server is bounded by nginx, at 1 MB; usual ones have
 * 100 bytes.
 */
const KEYS_AT_ONCE = 100;
/** Of a key of a user. Those that Dogear takes are far shorter. */
const KEY_BYTES = 1000;

const FIELDS = ['percentage', 'progress', 'device', 'device_id', 'timestamp'];
const USER_KEY = /^user:([^:]*):key$/s;
const DOCUMENT_KEY = /^user:([^:]*):document:([^:]*)$/s;

/**
 * What koreader-sync-server keeps in Redis: `user:NAME:key`, what readers send as `x-auth-key`, and
 * `user:NAME:document:DOCUMENT`, a hash of percentage, progress, device, device_id and timestamp in seconds. Names and
 * documents hold no colon, which the server refuses.
 *
 * The database is walked twice with SCAN, for users and for documents. Keys that come and go meanwhile may be missed or
 * seen twice, which does no harm: the import can be started again.
 *
 * @throws MoveError
 */
export async function* koreaderSyncServerRecords(client: RedisClient, address: RedisAddress): MovedRecords {
  try {
    let users = 0;
    for await (const keys of scanned(client, 'user:*:key')) {
      users += keys.length;
      yield await Promise.all(keys.map((key) => userOf(client, key)));
    }
    if (users === 0) throw await noUsers(client, address);
    for await (const keys of scanned(client, 'user:*:document:*')) {
      yield await Promise.all(keys.map((key) => positionOf(client, key)));
    }
  } catch (error) {
    throw error instanceof MoveError ? error : lostRedis(address, error);
  }
}

async function* scanned(client: RedisClient, pattern: string): AsyncGenerator<readonly string[]> {
  for await (const keys of client.scanIterator({ MATCH: pattern, COUNT: KEYS_OF_SCAN })) {
    for (let start = 0; start < keys.length; start += KEYS_AT_ONCE)
      yield keys.slice(start, start + KEYS_AT_ONCE);
  }
}

async function userOf(client: RedisClient, key: string): Promise<MovedRecord> {
  const [, name] = USER_KEY.exec(key) ?? [];
  if (name === undefined) return { kind: 'unreadable', reason: 'other-layout', what: key };
  // One more than is taken, so that a longer one is refused and not cut.
  const value = await unlessOtherType<string | null>(client.getRange(key, 0, KEY_BYTES));
  if (value === OTHER_TYPE) return { kind: 'unreadable', reason: 'other-type', what: key };
  return { kind: 'user', name, secret: { kind: 'key', key: value ?? '' } };
}

async function positionOf(client: RedisClient, key: string): Promise<MovedRecord> {
  const [, userName, document] = DOCUMENT_KEY.exec(key) ?? [];
  if (userName === undefined || document === undefined) {
    return { kind: 'unreadable', reason: 'other-layout', what: key };
  }
  const values = await unlessOtherType<readonly (string | null)[]>(client.hmGet(key, FIELDS));
  if (values === OTHER_TYPE) return { kind: 'unreadable', reason: 'other-type', what: key };
  const [percentage, position, deviceName, deviceId, timestamp] = values;
  const seconds = luaNumber(timestamp);
  return {
    kind: 'position',
    userName,
    document,
    position: position ?? undefined,
    percentage: luaNumber(percentage),
    deviceName: deviceName ?? undefined,
    // Lua's client writes an absent id as the text "nil", or leaves the field out.
    deviceId: deviceId ?? undefined,
    pushedMs: seconds === undefined ? undefined : seconds * 1000,
  };
}

const OTHER_TYPE = Symbol('a value of another type');

async function unlessOtherType<Value>(reply: Promise<Value>): Promise<Value | typeof OTHER_TYPE> {
  try {
    return await reply;
  } catch (error) {
    if (errorMessage(error).startsWith('WRONGTYPE')) return OTHER_TYPE;
    throw error;
  }
}

/** As Lua writes numbers. The empty text, `nan`, `inf` and words are no numbers. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
/** More than any program writes for a number. */
const NUMBER_CHARACTERS = 64;

function luaNumber(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined) return undefined;
  return text.length <= NUMBER_CHARACTERS && NUMBER.test(text) ? Number(text) : Number.NaN;
}

/** Nearly always the number of the database is wrong. */
async function noUsers(client: RedisClient, { name, database }: RedisAddress): Promise<MoveError> {
  const keyspace = await client.info('keyspace');
  const others = [...keyspace.matchAll(/^db(\d+):keys=(\d+)/gm)].filter(([, db]) => Number(db) !== database);
  const there =
    others.length === 0
      ? 'No other database of it holds anything either.'
      : `It holds ${others.map(([, db = '', keys = '']) => `${keys} keys in database ${db}`).join(', ')}: give the number.`;
  return new MoveError(
    `There are no users of koreader-sync-server in database ${String(database)} of ${name}. ${there}`,
  );
}
