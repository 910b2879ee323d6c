import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  newestProgressOfPulls,
  type ProgressPull,
  pullSize,
  pullText,
} from '../../../server/sync/newest-progress.js';
import { type Document, parseDocument } from '../../../server/domain/document.js';
import { userId } from '../../../server/domain/ids.js';
import { savePushes } from '../../../server/sync/progress-repository.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { pushOf } from '../../support/progress-push.js';

const user = userId(7);

describe.each(testDatabases())('the newest record of pulls on $name', (kind) => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore(kind);
    const pushes = ['a', 'a b', 'b', 'c'].map((document) => pushOf(document, 'Kobo', `in ${document}`));
    await savePushes(store, { pushes: pushes.map((push, arrivalIndex) => ({ push, arrivalIndex })) });
  });
  afterEach(() => store.close());

  it('belongs to its own pull, whatever characters the documents contain', async () => {
    const pulls = [pullOf('a b'), pullOf('a', 'b'), pullOf('a', 'b c'), pullOf('a b', 'c'), pullOf('d', 'e')];
    expect(new Set(pulls.map(pullText)).size).toBe(pulls.length);
    const newest = await newestProgressOfPulls(store, pulls);
    expect(newest.map((record) => record?.position)).toEqual(['in a b', 'in b', 'in a', 'in c', undefined]);
  });

  it('is looked up once for each document, however many pulls need it', async () => {
    const reads: number[] = [];
    const pulls = [pullOf('a'), pullOf('a', 'b'), pullOf('b', 'a'), pullOf('c', 'a', 'b')];
    const newest = await newestProgressOfPulls(store, pulls, (keys) => reads.push(keys));
    expect(reads).toEqual([3]);
    expect(pulls.map(pullSize)).toEqual([1, 2, 2, 3]);
    expect(newest.map((record) => record?.position)).toEqual(['in a', 'in b', 'in b', 'in c']);
  });
});

function pullOf(own: string, ...others: readonly string[]): ProgressPull {
  return { userId: user, document: documentOf(own), others: others.map(documentOf) };
}

function documentOf(text: string): Document {
  const document = parseDocument(text);
  if (document === undefined) throw new Error('the test is wrong');
  return document;
}
