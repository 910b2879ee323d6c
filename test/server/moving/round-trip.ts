import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { addApiKey } from '../../../server/accounts/keys/add-api-key.js';
import { addUser } from '../../../server/accounts/add-user.js';
import type { Store } from '../../../server/database/store.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { parseDocument } from '../../../server/domain/document.js';
import type { UserId } from '../../../server/domain/ids.js';
import { exportLines } from '../../../server/moving/dogear-export.js';
import { exportRecords } from '../../../server/moving/export-records.js';
import { importDogear } from '../../../server/moving/import-dogear.js';
import type { MoveTally } from '../../../server/moving/move-tally.js';
import { insertHistory } from '../../../server/sync/progress-history-repository.js';
import { parseFraction, type ProgressPush } from '../../../server/sync/progress.js';
import { savePushes } from '../../../server/sync/progress-repository.js';
import { saveUnmatched } from '../../../server/sync/unmatched-repository.js';

/** Pushes of one commit. */
const PUSHES_AT_ONCE = 250;

/** The lines of an export, without the first, which has the time. */
export async function exported(store: Store, { withSecrets = true } = {}): Promise<readonly string[]> {
  const header = { madeBy: 'test', exportedMs: Date.now(), hasSecrets: withSecrets };
  const lines: string[] = [];
  for await (const part of exportLines(exportRecords(store, { withSecrets }), header)) lines.push(...part);
  return lines.slice(1);
}

/** Lines of one export that the other has not: a few. */
export function differences(left: readonly string[], right: readonly string[]): readonly string[] {
  const [ofLeft, ofRight] = [new Set(left), new Set(right)];
  const only = (lines: readonly string[], others: ReadonlySet<string>) =>
    lines.filter((line) => !others.has(line)).slice(0, 3);
  const isReordered = left.some((line, index) => line !== right[index]);
  const found = [...only(left, ofRight), ...only(right, ofLeft)];
  return found.length === 0 && isReordered ? ['the order'] : found;
}

export function imported(
  store: Store,
  lines: readonly string[],
  options: { readonly isSameName?: boolean; readonly isApplied?: boolean } = {},
): Promise<MoveTally> {
  const text = ['{"dogear_export":1}', ...lines, ''].join('\n');
  // In chunks that end anywhere.
  const bytes = Buffer.from(text);
  const chunks = function* (): Generator<Buffer> {
    for (let start = 0; start < bytes.length; start += 65_521) yield bytes.subarray(start, start + 65_521);
  };
  return importDogear(store, Readable.from(chunks()), { isApplied: true, isSameName: false, ...options });
}

/** Users with everything that is exported, and about this many positions. */
export async function fillStore(store: Store, positions: number): Promise<void> {
  const anna = await addUser(store, OPERATOR, {
    name: 'anna',
    password: 'geheim',
    permissions: new Set(['feature:koreader_sync', 'library:scan']),
    isOwner: true,
  });
  await addApiKey(store, OPERATOR, {
    userId: anna.id,
    name: 'Kobo',
    permissions: new Set(['feature:koreader_sync']),
    expiresSeconds: undefined,
  });
  // Two whose names arrive alike in a header.
  const reader = { password: undefined, permissions: new Set<never>(), isOwner: false };
  const jose = await addUser(store, OPERATOR, { ...reader, name: 'José' });
  const josè = await addUser(store, OPERATOR, { ...reader, name: 'Josè' });
  const users = [anna.id, jose.id, josè.id];
  const documents = Math.ceil(positions / 2);
  for (let start = 0; start < documents; start += PUSHES_AT_ONCE) {
    const count = Math.min(PUSHES_AT_ONCE, documents - start);
    // Twice, by another device: each document has two positions.
    for (const device of ['Kobo', 'Kindle']) {
      const pushes = Array.from({ length: count }, (_, index) => pushOfNumber(users, start + index, device));
      await savePushes(store, {
        pushes: pushes
          .toSorted((left, right) =>
            left.userId === right.userId
              ? Buffer.compare(Buffer.from(left.document), Buffer.from(right.document))
              : left.userId - right.userId,
          )
          .map((push, arrivalIndex) => ({ push, arrivalIndex })),
        devices: users.map((userId) => ({
          userId,
          device: { name: device, id: `${device}-${String(userId)}` },
          seenSeconds: 1_700_000_000 + start,
        })),
      });
    }
  }
  const first = pushOfNumber(users, 0, 'Kindle');
  await insertHistory(
    store,
    [0.1, 0.2, 0.15].map((percentage, index) => ({
      ...first,
      percentage: fraction(percentage),
      // The clock steps back.
      pushedMs: first.pushedMs - 1000 * index,
      arrival: index + 1,
      entryNumber: index + 1,
    })),
  );
  const lost = { ...first, document: document('lost in space.epub') };
  await saveUnmatched(store, [{ ...lost, firstSeenMs: 5, lastSeenMs: 1_700_000_000_000, pushes: 3 }]);
}

function pushOfNumber(users: readonly UserId[], number: number, device: string): ProgressPush {
  const userId = users[number % users.length];
  if (userId === undefined) throw new Error('there are no users');
  const digest = createHash('md5').update(String(number)).digest('hex');
  return {
    userId,
    document: document(number % 10 === 3 ? `Ünï "${String(number)}"\u2028.epub` : digest),
    position: `/body/DocFragment[${String(number % 50)}]/body/p[3]/text().${String(number % 900)}`,
    percentage: fraction(Math.abs(Math.sin(number))),
    device: { name: device, id: number % 7 === 0 ? undefined : `${device}-${String(userId)}` },
    metadataJson:
      number % 5 === 0 ? JSON.stringify({ title: `Book ${String(number)}`, pages: number }) : undefined,
    // The newest arrived later, by a clock that was behind, in some documents.
    pushedMs:
      1_700_000_000_000 + number * 60_000 + (device === 'Kindle' ? (number % 11 === 0 ? -500 : 500) : 0),
  };
}

function document(text: string) {
  const parsed = parseDocument(text);
  if (parsed === undefined) throw new Error(`${text} is no document`);
  return parsed;
}

function fraction(value: number) {
  const parsed = parseFraction(value);
  if (parsed === undefined) throw new Error(`${String(value)} is no fraction`);
  return parsed;
}
