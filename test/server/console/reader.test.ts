import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { partialMd5OfFile } from '../../../engine/index.js';
import { makeEpub, xhtml } from '../../support/epub.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { KoreaderDevice } from './console-client.js';
import { shownWords, showsFirst } from './shown-words.js';
import { testConsole } from './test-console.js';
import { visit } from './visit.js';

const PARAGRAPHS = 60;
const WORDS = 40;

/** `3.7.12`: a word that tells its chapter, its paragraph and its place in that. */
function paragraph(chapter: number, number: number): string {
  return Array.from({ length: WORDS }, (_, word) => `${chapter}.${number}.${word}`).join(' ');
}

function chapter(number: number): string {
  const paragraphs = Array.from(
    { length: PARAGRAPHS },
    (_, index) => `<p>${paragraph(number, index + 1)}</p>`,
  );
  return xhtml(`<h1>Chapter ${number}</h1>\n${paragraphs.join('\n')}`);
}

describe('the reader', () => {
  const browser = testBrowser();
  const console = testConsole();

  it('opens an EPUB where KOReader is, and hands back where a turn leads', async () => {
    const { owner } = console();
    const folder = await temporaryFolder();
    const book = makeEpub({ chapters: [1, 2, 3].map((number) => ({ content: chapter(number) })) });
    writeFileSync(`${folder.path}/Walden.epub`, book);
    await owner.addLibrary('Walden', folder.path);
    const document = partialMd5OfFile(`${folder.path}/Walden.epub`).toString('hex');
    const kobo = new KoreaderDevice(await owner.addReader('Kobo'), 'Kobo Clara');
    const text = paragraph(2, 31);
    const offset = text.indexOf('2.31.17');
    await kobo.push({
      document,
      percentage: 0.5,
      progress: `/body/DocFragment[2]/body/p[31]/text().${offset}`,
    });
    const { items } = await owner.call('GET', `/books?digest=${document}`);
    const id = String(items[0].id);

    const { page } = await visit(browser(), owner.base, { path: `read/${id}`, as: owner });

    await showsFirst(page, text.slice(offset));
    await page.getByText(/Kobo Clara, .*: exactly here/).waitFor();
    expect((await kobo.pull(document)).device).toBe('Kobo Clara');

    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByText('Your place will be handed back').waitFor();
    const words = await shownWords(page);
    expect(words).toMatch(/^[23]\.\d+\.\d+ /);
    // Whoever closes the page hands the place back at once.
    await page.evaluate("dispatchEvent(new Event('pagehide'))");
    await page.getByText('Your place is handed back').waitFor();
    const pulled = await kobo.pull(document);
    const [, fragment, number, at] =
      /^\/body\/DocFragment\[(\d)\]\/body\/p\[(\d+)\]\/text\(\)\.(\d+)$/.exec(pulled.progress) ?? [];
    expect(paragraph(Number(fragment), Number(number)).slice(Number(at)).slice(0, 20)).toBe(
      words.slice(0, 20),
    );
    expect(pulled.device).toMatch(/^Chrome on Linux$/);
  });
});
