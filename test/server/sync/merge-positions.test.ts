import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { getBook } from '../../../server/book/get-book.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { bookId } from '../../../server/domain/ids.js';
import { equivalentsOfDocuments } from '../../../server/sync/equivalent-documents.js';
import { listReading } from '../../../server/sync/list-reading.js';
import { readingOfUser } from '../../../server/sync/list-reading-of-book.js';
import { mergePositions } from '../../../server/sync/merge-positions.js';
import { newestProgressOfPulls } from '../../../server/sync/newest-progress.js';
import { progressKeyText } from '../../../server/sync/progress-key.js';
import type { ProgressPush } from '../../../server/sync/progress.js';
import { savePushes } from '../../../server/sync/progress-repository.js';
import { bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { pushOf } from '../../support/progress-push.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

const CONTENT = createHash('md5').update('one').digest('hex');
const NAME = createHash('md5').update('one.epub').digest('hex');

function at(pushedMs: number, document: string, device = 'Kobo'): ProgressPush {
  return { ...pushOf(document, device, `${device} at ${String(pushedMs)}`), pushedMs };
}

describe.each(testDatabases())('positions from elsewhere on $name', (kind) => {
  async function openBench(): Promise<ScanBench> {
    const bench = await openScanBench(kind);
    onTestFinished(() => bench.close());
    await bench.scan(await bench.makeLibrary(await bookFolder({ 'one.epub': 'one' })));
    return bench;
  }

  const merge = ({ store }: ScanBench, ...pushes: readonly ProgressPush[]) =>
    mergePositions(store, pushes, { isApplied: true, marksDevices: true });
  const push = ({ store }: ScanBench, ...pushes: readonly ProgressPush[]) =>
    savePushes(store, { pushes: pushes.map((each, arrivalIndex) => ({ push: each, arrivalIndex })) });

  /** What a reader gets that asks for the document: the newest of the book. */
  async function pulled({ store }: ScanBench, document: string): Promise<string | undefined> {
    const key = at(0, document);
    const others = (await equivalentsOfDocuments(store, OPERATOR, [key])).get(progressKeyText(key)) ?? [];
    const [record] = await newestProgressOfPulls(store, [{ ...key, others }]);
    return record?.position;
  }

  it('do not take a reader back in the book, under whichever digest they stand', async () => {
    const bench = await openBench();
    await push(bench, at(5000, NAME));
    expect(await merge(bench, at(3000, CONTENT), at(4000, CONTENT, 'Kindle'))).toEqual(['beside', 'added']);
    expect(await pulled(bench, CONTENT)).toBe('Kobo at 5000');
    expect(await merge(bench, at(6000, CONTENT, 'Kindle'))).toEqual(['newer']);
    for (const document of [CONTENT, NAME]) expect(await pulled(bench, document)).toBe('Kindle at 6000');
    await push(bench, at(5500, NAME));
    expect(await pulled(bench, CONTENT)).toBe('Kobo at 5500');
  });

  it('are in the order of their times among each other, in whichever order they come', async () => {
    const bench = await openBench();
    expect(await merge(bench, at(3000, NAME))).toEqual(['added']);
    expect(await merge(bench, at(2000, CONTENT))).toEqual(['added']);
    expect(await pulled(bench, CONTENT)).toBe('Kobo at 3000');
    expect(await merge(bench, at(4000, CONTENT))).toEqual(['newer']);
    expect(await pulled(bench, NAME)).toBe('Kobo at 4000');
    expect(await merge(bench, at(4000, CONTENT), at(1000, NAME), at(1000, NAME, 'Kindle'))).toEqual([
      'there',
      'older',
      'beside',
    ]);
    expect(await merge(bench, at(500, NAME, 'Kindle'))).toEqual(['older']);
    // The first push that arrives is newer than all of them, whatever its clock says.
    await push(bench, at(10, NAME));
    expect(await pulled(bench, CONTENT)).toBe('Kobo at 10');
  });

  it('are what their user reads, although nothing has arrived here', async () => {
    const bench = await openBench();
    const { store } = bench;
    await merge(bench, at(3000, CONTENT), at(2000, NAME, 'Kindle'));
    const { items } = await listReading(store, OPERATOR, { after: undefined, limit: 10 });
    expect(items.map(({ record }) => record.position)).toEqual(['Kobo at 3000']);
    const reader = { id: at(0, NAME).userId, name: 'anna' };
    const reading = await readingOfUser(store, reader, await getBook(store, OPERATOR, bookId(1)));
    expect(reading?.record.position).toBe('Kobo at 3000');
  });
});
