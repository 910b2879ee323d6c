import { z } from 'zod';
import { parseStoredHash } from '../accounts/passwords/scrypt-hash.js';
import { parsePermission } from '../domain/permission.js';
import { metadataText } from '../sync/progress.js';
import { MoveError } from './move-error.js';
import type { MovedPlace, MovedRecord, MovedRecords } from './moved-record.js';

/**
 * The form of an export: JSON lines, a header before them and a count of them at the end. MOVING.md describes it. A field
 * may be added in the same version; what a reader does not know it leaves alone. Anything else takes the next version.
 */
const EXPORT_VERSION = 1;

/** Lines of one batch of an import. */
const LINES_AT_ONCE = 500;
/** Their bytes. Histories of a batch are written in one transaction: about 5,000 entries, for which pushes wait in SQLite. */
const BATCH_BYTES = 2 ** 20;
/** The longest line: a history of ten thousand entries has some megabytes. */
const LINE_BYTES = 32 * 2 ** 20;
/** Of a broken line, for people. */
const SHOWN_CHARACTERS = 60;

export interface ExportHeader {
  /** Of Dogear, for people. */
  readonly madeBy: string;
  readonly exportedMs: number;
  readonly hasSecrets: boolean;
}

/** The lines of an export, without line feeds, in lists of a bounded size. */
export async function* exportLines(
  records: MovedRecords,
  { madeBy, exportedMs, hasSecrets }: ExportHeader,
): AsyncGenerator<readonly string[]> {
  yield [
    JSON.stringify({
      dogear_export: EXPORT_VERSION,
      made_by: madeBy,
      exported_at: new Date(exportedMs).toISOString(),
      secrets: hasSecrets,
    }),
  ];
  let count = 0;
  for await (const batch of records) {
    const lines = batch.flatMap((record) => {
      const value = jsonOf(record);
      return value === undefined ? [] : [JSON.stringify(value)];
    });
    count += lines.length;
    yield lines;
  }
  yield [JSON.stringify({ type: 'end', lines: count })];
}

/** A record as its line has it. Absent values are left out. */
function jsonOf(record: MovedRecord): object | undefined {
  switch (record.kind) {
    case 'user':
      return {
        type: 'user',
        name: record.name,
        ...(record.secret.kind === 'hash' ? { password_hash: record.secret.hash } : {}),
        owner: record.account?.isOwner,
        disabled: record.account?.isDisabled,
        permissions: record.account && [...record.account.permissions].toSorted(),
        created_s: record.account?.createdSeconds,
      };
    case 'api-key':
      return {
        type: 'api_key',
        user: record.userName,
        name: record.name,
        prefix: record.prefix,
        secret_sha256: record.secretHash,
        permissions: [...record.permissions].toSorted(),
        created_s: record.createdSeconds,
        expires_s: record.expiresSeconds,
        last_used_s: record.lastUsedSeconds,
        revoked_s: record.revokedSeconds,
      };
    case 'device':
      return {
        type: 'device',
        user: record.userName,
        device: record.name,
        device_id: record.id,
        friendly_name: record.friendlyName,
        first_seen_s: record.firstSeenSeconds,
        last_seen_s: record.lastSeenSeconds,
      };
    case 'position':
      return {
        type: 'position',
        user: record.userName,
        document: record.document,
        ...placeJson(record),
        newest: record.isNewest === true ? true : undefined,
        metadata: metadataJsonOf(record.metadataJson),
      };
    case 'history':
      return {
        type: 'history',
        user: record.userName,
        document: record.document,
        entries: record.entries.map(placeJson),
      };
    case 'unmatched':
      return {
        type: 'unmatched',
        user: record.userName,
        document: record.document,
        ...placeJson(record),
        first_seen_ms: record.firstSeenMs,
        pushes: record.pushes,
        metadata: metadataJsonOf(record.metadataJson),
      };
    case 'link':
      return {
        type: 'link',
        document: record.document,
        user: record.userName,
        linked_by: record.linkedBy,
        linked_s: record.linkedSeconds,
        partial_md5: record.partialMd5,
      };
    case 'unreadable':
      return undefined;
    default:
      return record satisfies never;
  }
}

function placeJson({ position, percentage, deviceName, deviceId, pushedMs }: MovedPlace): object {
  return { progress: position, percentage, device: deviceName, device_id: deviceId, pushed_ms: pushedMs };
}

function metadataJsonOf(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

const text = z.string();
const count = z.int().min(0);
/** The last second that a Date has. A later time could be stored, and not shown. */
const seconds = count.max(8_640_000_000_000);
const permissions = z
  .array(text)
  .transform((names) => new Set(names.flatMap((name) => parsePermission(name) ?? [])));
const place = {
  progress: text,
  percentage: z.number(),
  device: text,
  device_id: text.optional(),
  pushed_ms: z.number(),
};

const line = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('user'),
    name: text,
    password_hash: text.optional(),
    owner: z.boolean(),
    disabled: z.boolean(),
    permissions,
    created_s: seconds,
  }),
  z.object({
    type: z.literal('api_key'),
    user: text,
    name: text,
    prefix: text,
    secret_sha256: text,
    permissions,
    created_s: seconds,
    expires_s: seconds.optional(),
    last_used_s: seconds.optional(),
    revoked_s: seconds.optional(),
  }),
  z.object({
    type: z.literal('device'),
    user: text,
    device: text,
    device_id: text.optional(),
    friendly_name: text.optional(),
    first_seen_s: seconds,
    last_seen_s: seconds,
  }),
  z.object({
    type: z.literal('position'),
    user: text,
    document: text,
    ...place,
    newest: z.boolean().optional(),
    metadata: z.unknown().optional(),
  }),
  z.object({ type: z.literal('history'), user: text, document: text, entries: z.array(z.object(place)) }),
  z.object({
    type: z.literal('unmatched'),
    user: text,
    document: text,
    ...place,
    first_seen_ms: count.max(8_640_000_000_000_000),
    pushes: count,
    metadata: z.unknown().optional(),
  }),
  z.object({
    type: z.literal('link'),
    document: text,
    user: text.optional(),
    linked_by: text.optional(),
    linked_s: seconds,
    partial_md5: z.string().regex(/^[0-9a-f]{32}$/),
  }),
]);

const header = z.object({ dogear_export: z.number() });
const end = z.object({ type: z.literal('end'), lines: count });

/**
 * What an export holds. Lines that cannot be read are unreadableLine records.
 *
 * @param chunks the bytes of the file
 * @throws MoveError for what is no export, is of a later version, or ends in the middle
 */
export async function* exportedRecords(chunks: AsyncIterable<Buffer>): MovedRecords {
  let number = 0;
  let hasEnded = false;
  let batch: MovedRecord[] = [];
  let batchBytes = 0;
  for await (const bytes of linesOf(chunks)) {
    number++;
    const value = parsedJson(bytes);
    if (number === 1) requireHeader(value);
    else if (end.safeParse(value).success) {
      hasEnded = end.parse(value).lines === number - 2;
      if (!hasEnded) break;
    } else {
      const record = recordOf(value) ?? unreadableLine(number, bytes);
      const isFull = batch.length >= LINES_AT_ONCE || batchBytes >= BATCH_BYTES;
      // The positions of a document stay together, as far as memory bears it.
      if (isFull && (batchBytes >= LINE_BYTES || !isOfSameDocument(batch.at(-1), record))) {
        yield batch;
        batch = [];
        batchBytes = 0;
      }
      batch.push(record);
      batchBytes += bytes.length;
    }
  }
  if (number === 0) requireHeader(undefined);
  yield batch;
  if (!hasEnded) throw cutOff();
}

function requireHeader(value: unknown): void {
  const found = header.safeParse(value);
  if (!found.success) {
    throw new MoveError('This is no export of Dogear: its first line does not say {"dogear_export":1,…}.');
  }
  const version = found.data.dogear_export;
  if (version === EXPORT_VERSION) return;
  throw new MoveError(
    `The export has the form ${String(version)}, and this Dogear reads ${String(EXPORT_VERSION)}. Use the version of Dogear that made it, or a later one.`,
  );
}

function cutOff(): MoveError {
  return new MoveError(
    'The export is not whole: lines are missing, or it ends in the middle. What it holds is read; export again for the rest.',
  );
}

function isOfSameDocument(before: MovedRecord | undefined, record: MovedRecord): boolean {
  return (
    before?.kind === 'position' &&
    record.kind === 'position' &&
    before.userName === record.userName &&
    before.document === record.document
  );
}

function unreadableLine(number: number, bytes: Buffer): MovedRecord {
  const shown = bytes.toString('utf8', 0, 4 * SHOWN_CHARACTERS).slice(0, SHOWN_CHARACTERS);
  return { kind: 'unreadable', reason: 'other-layout', what: `line ${String(number)}: ${shown}` };
}

function parsedJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // Counted as a line that cannot be read.
    return undefined;
  }
}

function recordOf(value: unknown): MovedRecord | undefined {
  const parsed = line.safeParse(value);
  if (!parsed.success) return undefined;
  const found = parsed.data;
  switch (found.type) {
    case 'user': {
      const hash = found.password_hash === undefined ? undefined : parseStoredHash(found.password_hash);
      return {
        kind: 'user',
        name: found.name,
        secret: hash === undefined ? { kind: 'none' } : { kind: 'hash', hash },
        account: {
          isOwner: found.owner,
          isDisabled: found.disabled,
          permissions: found.permissions,
          createdSeconds: found.created_s,
        },
      };
    }
    case 'api_key':
      return {
        kind: 'api-key',
        userName: found.user,
        name: found.name,
        prefix: found.prefix,
        secretHash: found.secret_sha256,
        permissions: found.permissions,
        createdSeconds: found.created_s,
        expiresSeconds: found.expires_s,
        lastUsedSeconds: found.last_used_s,
        revokedSeconds: found.revoked_s,
      };
    case 'device':
      return {
        kind: 'device',
        userName: found.user,
        name: found.device,
        id: found.device_id,
        friendlyName: found.friendly_name,
        firstSeenSeconds: found.first_seen_s,
        lastSeenSeconds: found.last_seen_s,
      };
    case 'position':
      return {
        kind: 'position',
        ...placeOfLine(found.user, found.document, found),
        isNewest: found.newest ?? false,
        metadataJson: metadataText(found.metadata),
      };
    case 'history':
      return {
        kind: 'history',
        userName: found.user,
        document: found.document,
        entries: found.entries.map((entry) => placeOfLine(found.user, found.document, entry)),
      };
    case 'unmatched':
      return {
        kind: 'unmatched',
        ...placeOfLine(found.user, found.document, found),
        firstSeenMs: found.first_seen_ms,
        pushes: found.pushes,
        metadataJson: metadataText(found.metadata),
      };
    case 'link':
      return {
        kind: 'link',
        document: found.document,
        userName: found.user,
        linkedBy: found.linked_by,
        linkedSeconds: found.linked_s,
        partialMd5: found.partial_md5,
      };
    default:
      return found satisfies never;
  }
}

function placeOfLine(
  userName: string,
  document: string,
  found: {
    readonly progress: string;
    readonly percentage: number;
    readonly device: string;
    readonly device_id?: string | undefined;
    readonly pushed_ms: number;
  },
): MovedPlace {
  return {
    userName,
    document,
    position: found.progress,
    percentage: found.percentage,
    deviceName: found.device,
    deviceId: found.device_id,
    pushedMs: found.pushed_ms,
  };
}

const LINE_FEED = 0x0a;

/** The lines of a file, without empty ones. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, start)) {
      const whole = Buffer.concat([...rest, chunk.subarray(start, at)]);
      if (whole.length > 0) yield whole;
      rest = [];
      restBytes = 0;
      start = at + 1;
    }
    rest.push(chunk.subarray(start));
    restBytes += chunk.length - start;
    if (restBytes > LINE_BYTES) {
      throw new MoveError(`A line has more than ${String(LINE_BYTES)} bytes: this is no export of Dogear.`);
    }
  }
  if (restBytes > 0) yield Buffer.concat(rest);
}
