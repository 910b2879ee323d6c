import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { deviceKey } from '../device/device.js';
import { type MergedDevice, mergeSeenDevices } from '../device/device-repository.js';
import { markChanges } from '../changes/change-mark-repository.js';
import { OPERATOR } from '../domain/actor.js';
import type { Document } from '../domain/document.js';
import {
  devicePositionText,
  devicePositionTimes,
  saveDevicePositions,
} from './device-progress-repository.js';
import { insertDocumentMetadata } from './document-metadata-repository.js';
import { equivalentsOfDocuments } from './equivalent-documents.js';
import { type ProgressKey, progressKeyText } from './progress-key.js';
import { newestProgress, saveMergedProgress } from './progress-repository.js';
import type { ProgressPush, ProgressWithArrival } from './progress.js';

/**
 * What becomes of a position from elsewhere. `added`: the user had none in the document. `newer`: it replaces an older one.
 * `beside`: it is kept as the place of its device, beside a newer one of another device. `there`: the same is there already.
 * `older`: its device has a newer one.
 */
export type MergedAs = 'added' | 'newer' | 'beside' | 'there' | 'older';

/** A position from elsewhere. */
export interface MergedPush extends ProgressPush {
  /** It is the newest of its document there, whatever the times say: clocks step back. */
  readonly isNewest?: boolean;
}

export interface MergePositionsOptions {
  /** `false`: nothing is written. */
  readonly isApplied: boolean;
  /** Whether the devices of the positions count as seen at the times of these. */
  readonly marksDevices: boolean;
}

/**
 * Merges positions that were pushed elsewhere, at the times that they hold, with those that are there: of each device the
 * latest stays, and the latest of all is the newest of its document. Doing it again changes nothing.
 *
 * A pull gives the newest of all documents of a book by the order of arrival. What is merged comes before every push that
 * arrived here, unless it is newer than all of them in its book: then it arrives now.
 *
 * @param pushes as many as a transaction may have; in any order
 * @returns what became of each, in the order of `pushes`
 */
export async function mergePositions(
  store: Store,
  pushes: readonly MergedPush[],
  { isApplied, marksDevices }: MergePositionsOptions,
): Promise<readonly MergedAs[]> {
  if (pushes.length === 0) return [];
  if (!isApplied) return (await planMerge(store, pushes)).outcomes;
  return inTransaction(store, async (transaction) => {
    const plan = await planMerge(transaction, pushes);
    await saveMergedProgress(transaction, plan);
    await saveDevicePositions(transaction, plan.beside);
    const written = [...plan.added, ...plan.replaced, ...plan.latest, ...plan.beside];
    if (written.length === 0) return plan.outcomes;
    const described = written.filter(({ metadataJson }) => metadataJson !== undefined).toSorted(byDocument);
    await insertDocumentMetadata(transaction, latestOfEach(described, progressKeyText));
    if (marksDevices) await mergeSeenDevices(transaction, seenDevices(written));
    const users = written.map(({ userId }) => userId);
    await markChanges(transaction, ['progress', 'devices'], users);
    return plan.outcomes;
  });
}

/** What to write of positions from elsewhere. Each list is ordered by user and document. */
export interface MergePlan {
  /** Of documents without progress. */
  readonly added: readonly ProgressPush[];
  /** In place of an older one, with nothing of its book being newer that arrived here. */
  readonly replaced: readonly ProgressPush[];
  /** Newer than everything of its book that arrived here. */
  readonly latest: readonly ProgressPush[];
  /** Documents whose newest position of another device is replaced, which is kept. */
  readonly displaced: readonly ProgressKey[];
  /** Positions of devices that are not the newest of their document. */
  readonly beside: readonly ProgressPush[];
}

async function planMerge(
  store: Store,
  pushes: readonly MergedPush[],
): Promise<MergePlan & { readonly outcomes: readonly MergedAs[] }> {
  const documents = new Map<string, MergedPush[]>();
  for (const push of pushes.toSorted(byDocument)) {
    const key = progressKeyText(push);
    const known = documents.get(key);
    if (known === undefined) documents.set(key, [push]);
    else known.push(push);
  }
  const keys = [...documents.values()].flatMap(([first]) => first ?? []);
  const progress = await newestProgress(store, keys, { isLocking: store.db.isTransaction });
  const times = await devicePositionTimes(store, keys);
  const arrivedInBook = await newestArrivalsOfBooks(store, keys, progress);
  const plan = {
    added: [] as ProgressPush[],
    replaced: [] as ProgressPush[],
    latest: [] as ProgressPush[],
    displaced: [] as ProgressKey[],
    beside: [] as ProgressPush[],
  };
  const outcomes = new Map<ProgressPush, MergedAs>();
  for (const [key, ofDocument] of documents) {
    const there = progress.get(key);
    const candidates = latestOfEach(ofDocument, deviceText).toSorted(byPrecedence);
    const newest = candidates.at(-1);
    if (newest === undefined) continue;
    const isNewest = there === undefined || newest.pushedMs > there.pushedMs;
    for (const push of candidates) {
      const isOfThere = there !== undefined && deviceKey(there.device) === deviceKey(push.device);
      const before = isOfThere ? there.pushedMs : times.get(deviceText(push));
      if (before !== undefined && before >= push.pushedMs) {
        outcomes.set(push, before === push.pushedMs ? 'there' : 'older');
      } else if (push === newest && isNewest) {
        outcomes.set(push, there === undefined ? 'added' : 'newer');
        const arrived = arrivedInBook.get(key);
        if (arrived !== undefined && arrived < push.pushedMs) plan.latest.push(push);
        else {
          if (there !== undefined && !isOfThere) plan.displaced.push(push);
          (there === undefined ? plan.added : plan.replaced).push(push);
        }
      } else {
        outcomes.set(push, 'beside');
        plan.beside.push(push);
      }
    }
  }
  return { ...plan, outcomes: pushes.map((push) => outcomes.get(push) ?? 'there') };
}

/**
 * When the newest push that arrived here was, in each document or another one of its book. Documents of which none arrived
 * are left out.
 */
async function newestArrivalsOfBooks(
  store: Store,
  keys: readonly ProgressKey[],
  progress: ReadonlyMap<string, ProgressWithArrival>,
): Promise<ReadonlyMap<string, number>> {
  const equivalents = await equivalentsOfDocuments(store, OPERATOR, keys);
  const others = new Map<string, ProgressKey>();
  for (const key of keys) {
    for (const document of equivalents.get(progressKeyText(key)) ?? []) {
      const other = { userId: key.userId, document };
      if (!progress.has(progressKeyText(other))) others.set(progressKeyText(other), other);
    }
  }
  const read = await newestProgress(store, [...others.values()].toSorted(byDocument));
  const newest = new Map<string, number>();
  for (const key of keys) {
    const documents: readonly Document[] = [key.document, ...(equivalents.get(progressKeyText(key)) ?? [])];
    for (const document of documents) {
      const text = progressKeyText({ userId: key.userId, document });
      const known = progress.get(text) ?? read.get(text);
      // Negative: it was merged before, or has no place of its own in the order.
      if (known === undefined || known.arrival <= 0) continue;
      const own = progressKeyText(key);
      newest.set(own, Math.max(newest.get(own) ?? 0, known.pushedMs));
    }
  }
  return newest;
}

/** Each device once, ordered as they are written. */
function seenDevices(pushes: readonly ProgressPush[]): readonly MergedDevice[] {
  const devices = new Map<string, MergedDevice>();
  for (const { userId, device, pushedMs } of pushes.toSorted(byTime)) {
    const seconds = Math.floor(pushedMs / 1000);
    const key = `${String(userId)} ${deviceKey(device)}`;
    const { firstSeenSeconds } = devices.get(key) ?? { firstSeenSeconds: seconds };
    devices.set(key, { userId, device, friendlyName: undefined, firstSeenSeconds, seenSeconds: seconds });
  }
  return [...devices.values()].toSorted(byDevice);
}

function deviceText(push: ProgressPush): string {
  return devicePositionText(push, deviceKey(push.device));
}

/** The latest push for each text, in the order of the list. Of two of one time, the later one in the list. */
function latestOfEach<Push extends ProgressPush>(
  pushes: readonly Push[],
  textOf: (push: ProgressPush) => string,
): readonly Push[] {
  const latest = new Map<string, Push>();
  for (const push of pushes) {
    const text = textOf(push);
    const known = latest.get(text);
    if (known === undefined || known.pushedMs <= push.pushedMs) latest.set(text, push);
  }
  return pushes.filter((push) => latest.get(textOf(push)) === push);
}

function byTime(left: ProgressPush, right: ProgressPush): number {
  return left.pushedMs - right.pushedMs;
}

/** The newest of the document last. */
function byPrecedence(left: MergedPush, right: MergedPush): number {
  return Number(left.isNewest ?? false) - Number(right.isNewest ?? false) || byTime(left, right);
}

/** The order in which every server writes. */
function byDocument(left: ProgressKey, right: ProgressKey): number {
  if (left.userId !== right.userId) return left.userId - right.userId;
  if (left.document === right.document) return 0;
  return left.document < right.document ? -1 : 1;
}

function byDevice(left: MergedDevice, right: MergedDevice): number {
  if (left.userId !== right.userId) return left.userId - right.userId;
  return deviceKey(left.device) < deviceKey(right.device) ? -1 : 1;
}
