import { setTimeout as delay } from 'node:timers/promises';
import { nowMs } from '../../test/server/compose/load-client.js';
import { deviceFields, type LoadBook, rowOf } from '../../test/server/compose/load-plan.js';
import type { OwnerApi } from '../served/owner-api.js';
import { type SoakReader, withoutPadding } from './soak-reader.js';
import type { Window } from './window.js';

const AGAIN_MS = 500;

/**
 * Pulls every document by every device that knows it, and lists what is stored of each device.
 *
 * @param deadlineMs when a program that has not recovered never does
 * @returns positions by row
 * @throws Error that says what still fails after the deadline
 */
export async function pullAndList(
  api: OwnerApi,
  readers: readonly SoakReader[],
  window: Window,
  deadlineMs: number,
): Promise<ReadonlyMap<string, string>> {
  const until = async (isDone: () => Promise<boolean>, failing: string): Promise<void> => {
    while (!(await isDone())) {
      if (nowMs() > deadlineMs) throw new Error(`a minute after it, ${failing}`);
      await delay(AGAIN_MS);
    }
  };
  await until(() => api.isReady().catch(() => false), '/readyz still fails');
  const stored = new Map<string, string>();
  const pullAndListBook = async (reader: SoakReader, book: LoadBook): Promise<boolean> => {
    if ((await reader.pull(window, book)) === undefined) return false;
    const { userId } = reader.device;
    const positions = await api.positions(userId, book.document).catch(() => undefined);
    for (const { deviceName, deviceId, document, progress } of positions ?? []) {
      const number = numberOf(readers, deviceName, deviceId);
      stored.set(rowOf(userId, document, number), withoutPadding(progress));
    }
    return positions !== undefined;
  };
  for (const reader of readers) {
    for (const book of reader.device.books) {
      await until(() => pullAndListBook(reader, book), `requests of ${book.register} still fail`);
    }
  }
  return stored;
}

function numberOf(readers: readonly SoakReader[], name: string, id: string | undefined): number {
  const found = readers.find(({ device: { number } }) => {
    const fields = deviceFields(number);
    return id === undefined
      ? fields.device_id === undefined && fields.device === name
      : fields.device_id === id;
  });
  return found?.device.number ?? Number.NaN;
}
