import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bookFolder } from '../../support/book-folder.js';
import { makeEpub, xhtml } from '../../support/epub.js';
import { runProgram } from '../../support/program.js';

const XPOINTER = '/body/DocFragment[2]/body/p[2]/text()[2].1';
const CFI = 'epubcfi(/6/4!/4/4/3:1)';

describe('dogear translate', () => {
  async function folderWithBook() {
    const folder = await bookFolder({
      'no.epub': 'no archive',
      'story.fb2': '<FictionBook><body><p>one</p><p>two</p></body></FictionBook>',
    });
    const chapters = [
      { content: xhtml('<p>first</p>') },
      { content: xhtml('<p>one</p><p>two <b>three</b> four five</p>') },
    ];
    writeFileSync(join(folder.path, 'book.epub'), makeEpub({ chapters }));
    return (...args: readonly string[]) => runProgram(['translate', ...args], { cwd: folder.path });
  }

  it('prints a position of KOReader in all its forms, and the same position for its CFI', async () => {
    const translate = await folderWithBook();
    const forward = await translate('book.epub', '--xpointer', XPOINTER);
    expect(forward).toMatchObject({ exitCode: 0, stderr: '' });
    expect(forward.stdout).toContain(`${XPOINTER}  (exact)\n`);
    expect(forward.stdout).toContain(`${CFI}  (exact)\n`);
    expect(forward.stdout).toContain('one two three |four five\n');
    expect((await translate('book.epub', '--cfi', CFI)).stdout).toBe(forward.stdout);
  });

  it('prints one JSON object with --json', async () => {
    const translate = await folderWithBook();
    const { stdout } = await translate('book.epub', '--cfi', CFI, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      path: 'book.epub',
      xpointer: XPOINTER,
      xpointer_confidence: 'exact',
      cfi: CFI,
      cfi_confidence: 'exact',
      locator: { href: 'OPS/text/2.xhtml', locations: { cssSelector: 'body > p:nth-child(2)' } },
      chapter_title: null,
      text_before: 'one two three ',
      text_after: 'four five',
      chapter_problem: null,
    });
  });

  it('prints a position in a FictionBook without a CFI', async () => {
    const translate = await folderWithBook();
    const { stdout } = await translate('story.fb2', '--xpointer', '/FictionBook/body/p[2]/text().0');
    expect(stdout).toBe(
      [
        'KOReader    /FictionBook/body/p[2]/text().0  (exact)',
        'File        story.fb2',
        'Element     body > p:nth-child(2)',
        'In chapter  50.00 %',
        'In book     50.00 %',
        'Text        one |two',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['no.epub', CFI, 'The book cannot be read: '],
    ['missing.epub', CFI, 'ENOENT'],
    ['book.epub', 'page 7', 'not a position of a known form'],
    ['book.epub', 'epubcfi(/6/40!/4/2/1:0)', 'the book has no such chapter'],
    ['some.pdf', CFI, 'has pages'],
  ])('exits 1 for %s and %s', async (book, cfi, message) => {
    const translate = await folderWithBook();
    const { exitCode, stdout, stderr } = await translate(book, '--cfi', cfi);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^dogear: .*\n$/);
    expect(stderr).toContain(message);
  });

  it('exits 2 without a position, and with two of them', async () => {
    const translate = await folderWithBook();
    expect(await translate('book.epub')).toMatchObject({ exitCode: 2, stdout: '' });
    const both = await translate('book.epub', '--cfi', CFI, '--xpointer', XPOINTER);
    expect(both).toMatchObject({ exitCode: 2, stdout: '' });
  });
});
