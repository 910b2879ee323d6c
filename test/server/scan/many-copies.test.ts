import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

/** More than were ever looked at for all files of a batch together. */
const COPIES = 5100;

describe.each(testDatabases())('a library in $name with thousands of copies of one file', (kind) => {
  let bench: ScanBench;
  beforeEach(async () => {
    bench = await openScanBench(kind);
  });
  afterEach(() => bench.close());

  it('finds a moved book all the same, beside another copy', async () => {
    const folder = await bookFolder();
    for (let number = 0; number < COPIES; number++) folder.write(`blank/${String(number)}.epub`, 'blank');
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    // Catalogued later than all copies.
    folder.write('here/novel.epub', 'novel');
    await bench.scan(library);
    folder.move('here/novel.epub', 'there/novel.epub');
    folder.write('there/blank.epub', 'blank');
    expect((await bench.scan(library)).counts).toMatchObject({ moved: 1, added: 1, missing: 0 });
  });
});
