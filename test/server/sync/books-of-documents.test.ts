import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { booksOfDocuments } from '../../../server/sync/books-of-documents.js';
import { documentOfDigest } from '../../../server/domain/document.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { userId } from '../../../server/domain/ids.js';
import { progressKeyText } from '../../../server/sync/progress-key.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

describe.each(testDatabases())('the book of a document on $name', (kind) => {
  let bench: ScanBench;
  beforeEach(async () => {
    bench = await openScanBench(kind);
  });
  afterEach(() => bench.close());

  async function pathOf(digest: string): Promise<string | undefined> {
    const document = documentOfDigest(Buffer.from(digest, 'hex'));
    const key = { userId: userId(1), document };
    const books = await booksOfDocuments(bench.store, OPERATOR, [key]);
    return books.get(progressKeyText(key))?.path.toString();
  }

  it('is the one with the smallest id where several are present', async () => {
    const folder = await bookFolder({ 'z.epub': 'one' });
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    folder.write('a.epub', 'one');
    await bench.scan(library);
    expect(await pathOf(md5('one'))).toBe('z.epub');
  });

  it('is a copy that is present rather than an older one that is missing', async () => {
    const folder = await bookFolder({ 'old.epub': 'one' });
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    folder.write('new.epub', 'one');
    await bench.scan(library);
    expect(await pathOf(md5('one'))).toBe('old.epub');
    folder.remove('old.epub');
    await bench.scan(library);
    expect(await pathOf(md5('one'))).toBe('new.epub');
    folder.write('new.epub', 'something else');
    await bench.scan(library);
    expect(await pathOf(md5('one'))).toBe('new.epub');
  });

  it('is one that has the digest now rather than an older one that had it before', async () => {
    const folder = await bookFolder({ 'old.epub': 'one' });
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    folder.write('old.epub', 'second edition');
    folder.write('new.epub', 'one');
    await bench.scan(library);
    expect(await pathOf(md5('one'))).toBe('new.epub');
    folder.remove('new.epub');
    await bench.scan(library);
    expect(await pathOf(md5('one'))).toBe('old.epub');
  });
});
