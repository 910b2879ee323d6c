import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../server/domain/document.js';
import { findUserByName } from '../../../server/accounts/user-repository.js';
import { openStore } from '../../../server/database/store.js';
import { saveUnmatched } from '../../../server/sync/unmatched-repository.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { makeEpub } from '../../support/epub.js';
import { runProgram } from '../../support/program.js';
import { pushOf } from '../../support/progress-push.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

// Each command is a process of its own, which takes half a second on an idle machine.
describe('the command line of documents without a book', { timeout: 120_000 }, () => {
  it('lists them, finds books, links them, and takes links back', async () => {
    const { path: cwd } = await temporaryFolder();
    const dogear = async (...args: readonly string[]) => {
      const { exitCode, stdout, stderr } = await runProgram(args, { cwd });
      return { exitCode, text: `${stdout}${stderr}`.trim() };
    };
    const folder = await bookFolder({ 'Jane Austen/Emma.epub': 'emma', 'Found.epub': 'found' });
    const metadata = '<dc:title>Persuasion</dc:title><dc:creator>Jane Austen</dc:creator>';
    folder.write('Titled.epub', makeEpub({ chapters: [{ content: '<html/>' }], metadata }));
    await dogear('library', 'add', 'books', folder.path);
    await dogear('user', 'add', 'anna');
    await refusePushes(cwd, ['a', 'md5 of no book']);

    const listed = await dogear('unmatched', 'list', 'anna');
    expect(listed.text).toMatch(/^a \{"title":"T"\}: 50\.0 % on Kobo, pushed 3 times, last .* UTC$/m);
    const [json] = (await dogear('unmatched', 'list', 'anna', '--json')).text.split('\n');
    expect(JSON.parse(json ?? '')).toMatchObject({ progress: 'here', pushes: 3, metadata: { title: 'T' } });

    expect((await dogear('scan')).exitCode).toBe(0);
    const found = await dogear('book', 'find', 'emma', 'AUSTEN');
    const id = /^(\d+): Jane Austen\/Emma\.epub$/.exec(found.text)?.[1] ?? found.text;
    expect((await dogear('book', 'find', 'nothing')).text).toBe('No book has a path with these words.');
    expect((await dogear('library', 'metadata')).text).toBe(
      'books: 3 books looked at, 3 read, 2 of them are no EPUBs or broken ones.',
    );
    expect((await dogear('book', 'find', '--title', 'persuasion')).text).toMatch(
      /^\d+: Titled\.epub \("Persuasion" by Jane Austen\)$/,
    );
    expect((await dogear('book', 'link', 'a', id)).exitCode).toBe(2);
    expect(await dogear('book', 'link', 'a', '99', '--user', 'anna')).toEqual({
      exitCode: 1,
      text: 'dogear: There is no book 99 that you may see. "dogear book find" finds books by words, with their ids.',
    });
    expect(await dogear('book', 'link', 'a', id, '--user', 'anna')).toEqual({
      exitCode: 0,
      text: `Linked a to the book ${id}.`,
    });
    expect((await dogear('progress', 'list', 'anna')).text).toMatch(
      /^a \(Jane Austen\/Emma\.epub\): 50\.0 %/,
    );
    expect((await dogear('unmatched', 'list', 'anna')).text).not.toMatch(/^a /m);
    const why = (await dogear('why', 'a', '--user', 'anna')).text;
    expect(why).toContain(`It is linked for the user to the book ${id}, Jane Austen/Emma.epub`);
    const ofFile = (await dogear('why', join(folder.path, 'Found.epub'), '--user', 'anna')).text;
    expect(ofFile).toContain('It is the partial MD5 of the book');
    expect(ofFile).toContain('It is the MD5 of the file name of the book');
    for (const book of [id, 'Jane Austen/Emma.epub']) {
      const ofBook = (await dogear('why', book, '--user', 'anna')).text;
      expect(ofBook).toContain(`book ${id}:`);
      expect(ofBook).toContain(`It is found by ${md5('emma')}, the partial MD5 of its file.`);
      expect(ofBook).toContain('a is linked to it for the user.');
      expect(ofBook).toContain('Every user may see it.');
      expect(ofBook).toMatch(/The last push of the user came from Kobo at .*, under a\./);
    }
    expect(ofFile).toContain('It is Found.epub in the library "books".');
    for (const nothing of ['99', 'Jane Austen/Ema.epub']) {
      expect(await dogear('why', nothing, '--user', 'anna')).toEqual({
        exitCode: 1,
        text: `dogear: ${nothing}: there is no such file and no such book, and no device of the user has pushed it`,
      });
    }
    const tooLong = await dogear('why', 'x'.repeat(256), '--user', 'anna');
    expect(tooLong.exitCode).toBe(1);
    expect(tooLong.text).toContain('a document has 1 to 255 bytes of text');
    const ofFolder = await dogear('why', folder.path, '--user', 'anna');
    expect(ofFolder.exitCode).toBe(1);
    expect(ofFolder.text).toContain('not a regular file');
    expect((await dogear('book', 'link', 'a', id, '--everybody')).exitCode).toBe(0);
    expect((await dogear('book', 'unlink', 'a', id, '--everybody')).exitCode).toBe(0);
    expect((await dogear('book', 'unlink', 'a', id, '--user', 'anna')).exitCode).toBe(0);
    expect((await dogear('book', 'unlink', 'a', id, '--user', 'anna')).exitCode).toBe(1);
    expect((await dogear('unmatched', 'list', 'anna')).text).toMatch(/^a: /m);

    folder.remove('Found.epub');
    folder.write('Lost.epub', 'another');
    await dogear('scan');
    const [missing, successor] = await Promise.all(
      ['found', 'lost'].map(
        async (word) => /^\d+/.exec((await dogear('book', 'find', word)).text)?.[0] ?? word,
      ),
    );
    const ofMissing = (await dogear('why', String(missing), '--user', 'anna')).text;
    expect(ofMissing).toContain(`The missing book may have become the book ${String(successor)}, Lost.epub`);
    expect((await dogear('book', 'join', String(successor), String(missing))).exitCode).toBe(1);
    expect(await dogear('book', 'join', String(missing), String(successor))).toEqual({
      exitCode: 0,
      text: `The book ${String(missing)} is now Lost.epub, and keeps the digests of both.`,
    });
  });
});

async function refusePushes(cwd: string, names: readonly string[]): Promise<void> {
  const store = await openStore(`sqlite:${join(cwd, 'dogear.db')}`);
  try {
    const user = await findUserByName(store, 'anna');
    if (user === undefined) throw new Error('there is no anna');
    await saveUnmatched(
      store,
      names.flatMap((name) => {
        const document = parseDocument(name);
        if (document === undefined) return [];
        const push = pushOf(document, 'Kobo', 'here');
        const seen = { firstSeenMs: 1, lastSeenMs: 2000, pushes: 3, metadataJson: '{"title":"T"}' };
        return [{ ...push, ...seen, userId: user.id }];
      }),
    );
  } finally {
    await store.close();
  }
}
