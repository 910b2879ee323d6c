import { expect, it, onTestFinished } from 'vitest';
import { keepDigests } from '../../../server/book/kept-digest-repository.js';
import { KeptClaims } from '../../../server/scan/kept-claims.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { MYSQL } from '../../support/databases.js';
import { openScanBench } from '../../support/scan-bench.js';

// SQLite has one writer at a time, and asks for each commit.
it('digests that a removal left are looked for two seconds after the last look, however few files were written', async () => {
  const bench = await openScanBench(MYSQL);
  onTestFinished(() => bench.close());
  const { store } = bench;
  const library = await bench.makeLibrary(await bookFolder({ 'one.epub': 'second edition' }));
  let nowMs = 5000;
  const claims = await KeptClaims.begin(store, library.id, () => nowMs);
  await bench.scan(library);
  const [content, former] = ['second edition', 'first edition'].map((text) => Buffer.from(md5(text), 'hex'));
  if (content === undefined || former === undefined) throw new Error('the test is wrong');
  const sizeBytes = 'second edition'.length;
  await keepDigests(store, [
    { partialMd5: content, sizeBytes, kind: 'partial', digest: former, replacedSeconds: 1 },
  ]);
  claims.noteCommitted([
    {
      path: Buffer.from('one.epub'),
      sizeBytes,
      partialMd5: content,
      filenameMd5: Buffer.from(md5('one.epub'), 'hex'),
    },
  ]);
  const formerDigests = async () => (await catalogueOf(store, library))[0]?.former;
  nowMs += 1999;
  await claims.look();
  expect(await formerDigests()).toEqual([]);
  nowMs += 1;
  await claims.look();
  expect(await formerDigests()).toEqual([`partial ${md5('first edition')}`]);
});
