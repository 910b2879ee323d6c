import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { partialMd5OfFile } from '../../../engine/index.js';
import { SQLITE } from '../../support/databases.js';
import { makeEpub, xhtml } from '../../support/epub.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { makeZip } from '../../support/zip.js';
import { type ConsoleClient, KoreaderDevice } from './console-client.js';
import { shownWords, showsFirst } from './shown-words.js';
import { testConsole } from './test-console.js';
import { signInBrowser, type Visit, visit } from './visit.js';

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

/** @param name makes it another file than the others */
function walden(name: string): Buffer {
  return makeEpub({ ...WALDEN, metadata: `<meta name="${name}"/>` });
}

const WALDEN = {
  chapters: [1, 2, 3].map((number) => ({ content: chapter(number) })),
  navigation:
    '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body><nav epub:type="toc"><ol>' +
    '<li><a href="text/1.xhtml">Economy</a></li><li><a href="text/2.xhtml">Reading</a></li>' +
    '<li><a href="text/3.xhtml">Sounds</a></li></ol></nav></body></html>',
};

/** Whatever runs, or is asked of a server, leaves a trace with this word. */
const TRACE = 'stolen';
const HOSTILE_HEAD =
  '<title>t</title>' +
  `<script>parent.document.title = '${TRACE}'; fetch('/api/v1/${TRACE}')</script>` +
  `<script src="http://127.0.0.1:1/${TRACE}.js"></script>` +
  `<link rel="stylesheet" href="http://127.0.0.1:1/${TRACE}.css"/>` +
  `<link rel="prefetch" href="http://127.0.0.1:1/${TRACE}"/><link rel="dns-prefetch" href="//${TRACE}.example"/>` +
  `<meta http-equiv="refresh" content="0;url=/api/v1/${TRACE}"/><base href="http://127.0.0.1:1/"/>` +
  `<style>@font-face { font-family: f; src: url(http://127.0.0.1:1/${TRACE}.woff) } ` +
  `body { font-family: f; background: url(http://127.0.0.1:1/${TRACE}.png); display: none }</style>`;
const HOSTILE_BODY =
  '<p>Nothing of this runs.</p>' +
  `<img src="http://127.0.0.1:1/${TRACE}.png" onerror="parent.document.title = '${TRACE}'" alt=""/>` +
  `<img src="/api/v1/${TRACE}" alt=""/><iframe src="/ui/${TRACE}"></iframe>` +
  `<iframe srcdoc="&lt;script>parent.parent.document.title = '${TRACE}'&lt;/script>"></iframe>` +
  `<object data="http://127.0.0.1:1/${TRACE}"></object><embed src="http://127.0.0.1:1/${TRACE}"/>` +
  `<svg xmlns="http://www.w3.org/2000/svg" onload="parent.document.title = '${TRACE}'">` +
  `<script>parent.document.title = '${TRACE}'</script><image href="http://127.0.0.1:1/${TRACE}.png"/></svg>` +
  `<p><a href="javascript:parent.document.title = '${TRACE}'">a link that runs</a></p>` +
  `<form action="/api/v1/${TRACE}"><button>a button that sends</button></form>` +
  `<video src="http://127.0.0.1:1/${TRACE}.mp4" autoplay="autoplay"></video>`;

const FRAME = `<iframe src="/ui/${TRACE}"></iframe>`;
/** Browsers show the content of such a template in HTML. */
const HOSTILE_TEMPLATE =
  '<!DOCTYPE html><html><head><title>t</title></head><body><p>A template</p>' +
  `<div><template shadowrootmode="open"><link rel="preconnect" href="http://127.0.0.1:1/">${FRAME}</template></div>` +
  '</body></html>';

/** Grey, of one pixel. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
);

const PICTURE_ITEM = '<item id="p" href="text/p.png" media-type="image/png"/>';

interface TarFile {
  readonly name: string;
  readonly content: Buffer;
  /** What the header says instead, in octal digits. */
  readonly size?: string;
}

/** A TAR as `tar` writes it. */
function makeTar(files: readonly TarFile[]): Buffer {
  const blocks = files.flatMap(({ name, content, size }) => {
    const header = Buffer.alloc(512);
    header.write(name);
    header.write(size ?? content.length.toString(8).padStart(11, '0'), 124);
    header.write('0', 156);
    header.write('ustar', 257);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** Opens a book that nobody has begun, of which there is no progress yet. */
async function openUnread(browser: Browser, owner: ConsoleClient, path: string): Promise<Visit> {
  const seen = await visit(browser, owner.base, { path: 'about', as: owner });
  seen.allow(/\/progress\/\w+ answered 404$/);
  await seen.page.goto(`${owner.base}/ui/${path}`);
  return seen;
}

describe('the reader', () => {
  const browser = testBrowser();
  let folder: string;
  const ids = new Map<string, string>();
  const console = testConsole({}, SQLITE, async ({ owner }) => {
    ({ path: folder } = await temporaryFolder());
    const chapters = [{ content: xhtml('<p>Words</p>') }];
    const algorithm = 'http://www.w3.org/2001/04/xmlenc#aes256-cbc';
    const files: Readonly<Record<string, Buffer>> = {
      'Walden.epub': walden('Walden'),
      'Keyboard.epub': walden('Keyboard'),
      'Pictures.epub': makeEpub({
        ...WALDEN,
        chapters: [{ content: chapter(1).replaceAll('</p>', '</p><img src="p.png" alt=""/>') }],
        items: PICTURE_ITEM,
        files: [{ name: 'OPS/text/p.png', content: PICTURE }],
      }),
      'Hostile.epub': makeEpub({ chapters: [{ content: xhtml(HOSTILE_BODY, HOSTILE_HEAD) }] }),
      'Types.epub': makeEpub({
        chapters: [
          { content: xhtml(`<p>Capitals</p>${FRAME}`, HOSTILE_HEAD), mediaType: 'Application/XHTML+XML' },
          { content: xhtml(`<p>Any XML</p>${FRAME}`, HOSTILE_HEAD), mediaType: 'text/xml' },
          { content: HOSTILE_TEMPLATE, mediaType: 'text/html' },
          { content: '<html xmlns="http://www.w3.org/1999/xhtml"/>' },
          { content: xhtml('<p>No type</p>'), mediaType: '' },
          { content: xhtml('<p>The end</p>') },
        ],
      }),
      'Hidden.epub': makeEpub({
        chapters: [{ content: xhtml('<p>Words that are hidden</p>', '<style>p { display: none }</style>') }],
      }),
      'Cut.epub': walden('Cut').subarray(0, 2000),
      'Locked.epub': makeEpub({
        chapters,
        encryption: `<encryption><EncryptedData><EncryptionMethod Algorithm="${algorithm}"/></EncryptedData></encryption>`,
      }),
      'Endless.epub': makeEpub({
        chapters: [{ content: xhtml(`<p>${'x '.repeat(10 * 1024 * 1024)}</p>`) }, ...chapters],
      }),
      'Torn.epub': makeEpub({
        chapters: [{ content: xhtml('<p>Beside a picture</p><img src="p.png" alt=""/>') }],
        items: PICTURE_ITEM,
        files: [{ name: 'OPS/text/p.png', content: PICTURE, declaredBytes: 5 }],
      }),
      'Empty.epub': makeEpub({ chapters: [{}] }),
      'Changed.epub': makeEpub({ chapters }),
      'Comic.cbz': makeZip(['10', '9', '1'].map((name) => ({ name: `p${name}.png`, content: PICTURE }))),
      'Comic.cbt': makeTar(['a/2.jpg', 'a/10.jpg'].map((name) => ({ name, content: PICTURE }))),
      // The second header leads back to the first one.
      'Loop.cbt': makeTar([
        { name: '1.jpg', content: Buffer.alloc(0) },
        { name: '2.jpg', content: PICTURE, size: '-2000' },
      ]),
      'Paper.pdf': Buffer.from('%PDF-1.4\n%%EOF\n'),
    };
    for (const [name, content] of Object.entries(files)) writeFileSync(`${folder}/${name}`, content);
    await owner.addLibrary('Books', folder);
    const { items } = await owner.call('GET', '/books?limit=100');
    for (const { id, path } of items) ids.set(String(path.text), String(id));
  });

  function idOf(name: string): string {
    return ids.get(name) ?? '';
  }

  function documentOf(name: string): string {
    return partialMd5OfFile(`${folder}/${name}`).toString('hex');
  }

  it('opens an EPUB where KOReader is, and hands back where a turn leads', async () => {
    const { owner } = console();
    const document = documentOf('Walden.epub');
    const kobo = new KoreaderDevice(await owner.addReader('Kobo'), 'Kobo Clara');
    const text = paragraph(2, 31);
    const offset = text.indexOf('2.31.17');
    await kobo.push({
      document,
      percentage: 0.5,
      progress: `/body/DocFragment[2]/body/p[31]/text().${offset}`,
    });

    const { page } = await visit(browser(), owner.base, { path: `read/${idOf('Walden.epub')}`, as: owner });

    await showsFirst(page, text.slice(offset));
    await page.getByText(/Kobo Clara, .*: exactly here/).waitFor();
    await page.getByText('Reading, 50').waitFor();
    // Nobody has turned a page yet.
    await page.evaluate("dispatchEvent(new Event('pagehide'))");
    expect((await kobo.pull(document)).device).toBe('Kobo Clara');

    for (const turn of ['Next page', 'Next page', 'Previous page', 'Next page']) {
      const before = await shownWords(page);
      await page.getByRole('button', { name: turn }).click();
      await expect.poll(() => shownWords(page), { timeout: 20_000 }).not.toBe(before);
    }
    const words = await shownWords(page);
    expect(words).toMatch(/^[23]\.\d+\.\d+ /);
    await page.getByText('Your place will be handed back').waitFor();
    // Whoever closes the page hands the place back at once.
    await page.evaluate("dispatchEvent(new Event('pagehide'))");
    await page.getByText('Your place is handed back').waitFor();
    const pulled = await kobo.pull(document);
    const [, fragment, number, at] =
      /^\/body\/DocFragment\[(\d)\]\/body\/p\[(\d+)\]\/text\(\)\.(\d+)$/.exec(pulled.progress) ?? [];
    expect(paragraph(Number(fragment), Number(number)).slice(Number(at)).slice(0, 20)).toBe(
      words.slice(0, 20),
    );
    expect(pulled.device).toBe('Chrome on Linux');

    // What another device pushes meanwhile is offered.
    await kobo.push({ document, percentage: 0.9, progress: '/body/DocFragment[3]/body/p[50]/text().0' });
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await page.getByRole('button', { name: 'Go there' }).click();
    await showsFirst(page, paragraph(3, 50));

    // A place that could not be handed back does not come after one that was taken instead of it.
    await page.route('**/api/v1/progress/*', (route) =>
      route.request().method() === 'PUT' ? route.abort('aborted') : route.fallback(),
    );
    await page.getByRole('slider', { name: 'Place in the book' }).fill('100');
    await page.getByText('Your place will be handed back').waitFor();
    await page.evaluate("dispatchEvent(new Event('pagehide'))");
    await page.getByText('Your place was not handed back').waitFor();
    await kobo.push({ document, percentage: 0.4, progress: '/body/DocFragment[2]/body/p[5]/text().0' });
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await page.getByRole('button', { name: 'Go there' }).click();
    await showsFirst(page, paragraph(2, 5));
    await page.unroute('**/api/v1/progress/*');
    await page.reload();
    await page.getByText(/Kobo Clara, .*: exactly here/).waitFor();
  });

  it('is loaded again when another tab has signed in as somebody else', async () => {
    const { owner } = console();
    const mia = await owner.addUser('mia', ['feature:koreader_sync', 'file:download']);
    const seen = await openUnread(browser(), owner, `read/${idOf('Keyboard.epub')}`);
    const { page } = seen;
    await page.getByText('From the beginning').waitFor();
    const isLoaded = page.waitForEvent('load');
    await signInBrowser(seen, mia);
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await isLoaded;
    await page.getByText('From the beginning').waitFor();

    // Also where it is only noticed when the place is handed back, which is then not stored.
    await showsFirst(page, `Chapter 1 ${paragraph(1, 1)}`);
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByText('Your place will be handed back').waitFor();
    seen.allow(/answered 409$/);
    const isLoadedAgain = page.waitForEvent('load');
    await signInBrowser(seen, owner);
    await page.evaluate("dispatchEvent(new Event('pagehide'))");
    await isLoadedAgain;
    await page.getByText('From the beginning').waitFor();
    await expect(owner.call('GET', `/progress/${documentOf('Keyboard.epub')}`)).rejects.toThrow('404');
  });

  it('hands nothing back before a page is turned', async () => {
    const { owner } = console();
    const seen = await openUnread(browser(), owner, `read/${idOf('Pictures.epub')}`);
    const { page } = seen;
    await showsFirst(page, `Chapter 1 ${paragraph(1, 1)}`);
    const touch = await page.context().newCDPSession(page);
    for (const type of ['touchStart', 'touchEnd'] as const) {
      const touchPoints = type === 'touchEnd' ? [] : [{ x: 640, y: 400 }];
      await touch.send('Input.dispatchTouchEvent', { type, touchPoints });
    }
    await page.getByRole('button', { name: 'Appearance' }).click();
    for (const flow of ['Scroll through a chapter', 'Page by page', 'Scroll through a chapter']) {
      await page.getByRole('radio', { name: flow }).click();
      await page.getByRole('radio', { name: 'Sepia' }).click();
      await page.getByRole('button', { name: 'Larger letters' }).click();
      await page.getByRole('checkbox', { name: 'own style sheets' }).click();
      await page.setViewportSize({ width: 700, height: 500 });
      await page.setViewportSize({ width: 1280, height: 720 });
    }
    await page.keyboard.press('Escape');
    // As long as a chapter has to stand still before it counts.
    await delay(500);
    await page.evaluate("dispatchEvent(new Event('pagehide'))");
    await page.getByText('From the beginning').waitFor();
    expect(seen.requests().filter((request) => request.startsWith('PUT'))).toEqual([]);
    await page.mouse.move(640, 400);
    await page.mouse.wheel(0, 300);
    await page.getByText('Your place will be handed back').waitFor();
  });

  it('is turned with the keyboard, shows the contents, and looks as one likes it', async () => {
    const { owner } = console();
    const { page } = await openUnread(browser(), owner, `read/${idOf('Keyboard.epub')}`);
    await showsFirst(page, `Chapter 1 ${paragraph(1, 1)}`);
    await page.getByText('From the beginning').waitFor();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => shownWords(page), { timeout: 20_000 }).toMatch(/^1\.\d+\.\d+ /);
    await page.keyboard.press('ArrowLeft');
    await showsFirst(page, `Chapter 1 ${paragraph(1, 1)}`);
    await page.getByRole('button', { name: 'Contents' }).click();
    // Nothing is lost that is pressed while a page is turned.
    await page.evaluate(`
      [...document.querySelectorAll('button')].find((each) => each.ariaLabel === 'Next page').click();
      [...document.querySelectorAll('button')].find((each) => each.textContent === 'Sounds').click();`);
    await showsFirst(page, `Chapter 3 ${paragraph(3, 1)}`);
    await page.getByRole('button', { name: 'Appearance' }).click();
    await page.getByRole('radio', { name: 'Dark' }).click();
    await page.getByRole('radio', { name: 'Scroll through a chapter' }).click();
    await page.getByRole('button', { name: 'Larger letters' }).click();
    await page.getByText('120 %').waitFor();
    await page.keyboard.press('Escape');
    await showsFirst(page, `Chapter 3 ${paragraph(3, 1)}`);
    await page.reload();
    await page.getByRole('button', { name: 'Appearance' }).click();
    expect(await page.getByRole('radio', { name: 'Dark' }).isChecked()).toBe(true);
  });

  it('runs nothing of a book, and asks nobody for anything', async () => {
    const { owner } = console();
    const seen = await openUnread(browser(), owner, 'about');
    const { page } = seen;
    // The walls say what they have stopped.
    seen.allow(/^content security policy: |^console: .*(?:Content Security Policy|sandboxed|ERR_)/);
    await page.goto(`${owner.base}/ui/read/${idOf('Hostile.epub')}`);
    await showsFirst(page, 'Nothing of this runs. a link that runs a');
    const frame = page.frames().find((each) => each.url().startsWith('blob:'));
    await frame?.getByText('a link that runs').click();
    await frame?.getByText('a button that sends').click();
    await page.getByRole('button', { name: 'Appearance' }).click();
    await page.getByRole('heading', { name: 'Appearance' }).waitFor();

    expect(await page.title()).toBe('Hostile.epub · Dogear');
    expect(seen.requests().filter((request) => request.includes(TRACE))).toEqual([]);
    // Only the frame of the chapter.
    expect(page.frames().length).toBe(2);
    const sandbox = await frame?.frameElement().then((element) => element.getAttribute('sandbox'));
    expect(sandbox).toBe('allow-same-origin');
  });

  it('runs nothing of chapters of any type, and goes on behind one that is no page', async () => {
    const { owner } = console();
    const seen = await openUnread(browser(), owner, 'about');
    const { page } = seen;
    seen.allow(/^content security policy: |^console: .*(?:Content Security Policy|sandboxed|ERR_)/);
    const answer = await page.goto(`${owner.base}/ui/read/${idOf('Types.epub')}`);
    // No browser of the tests shows which names it looks up.
    expect(answer?.headers()['x-dns-prefetch-control']).toBe('off');
    const shows = (words: string) =>
      expect.poll(() => shownWords(page), { timeout: 20_000 }).toMatch(new RegExp(`^${words}`));
    const next = page.getByRole('button', { name: 'Next page' });
    for (const words of ['Capitals', 'Any XML', 'A template']) {
      await shows(words);
      const frame = page.frames().find((each) => each.url().startsWith('blob:'));
      expect(await frame?.locator('script, iframe, base, link[href], [content^="0;"]').count()).toBe(0);
      await next.click();
    }
    await shows('This chapter cannot be shown. It is no');
    await next.click();
    await shows('This chapter cannot be shown. It is of');
    await next.click();
    await shows('The end');
    expect(seen.requests().filter((request) => request.includes(TRACE))).toEqual([]);
  });

  it('shows a chapter whose style sheets hide it', async () => {
    const { owner } = console();
    const { page } = await openUnread(browser(), owner, `read/${idOf('Hidden.epub')}`);
    await page.getByRole('button', { name: 'Show it without them' }).click();
    await showsFirst(page, 'Words that are hidden');
  });

  it('shows a chapter without the picture in it that is damaged', async () => {
    const { owner } = console();
    const { page } = await openUnread(browser(), owner, `read/${idOf('Torn.epub')}`);
    await showsFirst(page, 'Beside a picture');
  });

  it('says what is wrong with a book that cannot be shown', async () => {
    const { owner } = console();
    const seen = await openUnread(browser(), owner, 'about');
    const { page } = seen;
    const open = (name: string) => page.goto(`${owner.base}/ui/read/${idOf(name)}`);
    await open('Cut.epub');
    await page.getByText('The file has no end of an archive').waitFor();
    await open('Locked.epub');
    await page.getByText('The book is encrypted (DRM)').waitFor();
    await open('Endless.epub');
    await page.getByText('has 20 MB; more than 8 MB are not shown').first().waitFor();
    // One goes on behind it.
    await page.getByRole('button', { name: 'Next page' }).click();
    await showsFirst(page, 'Words');
    await open('Loop.cbt');
    await page.getByText('The archive ends too early').waitFor();
    await open('Empty.epub');
    await page.getByText('This chapter is not in the file of the book').first().waitFor();
    writeFileSync(`${folder}/Changed.epub`, walden('Changed'));
    seen.allow(/answered 409$/);
    await open('Changed.epub');
    await page.getByRole('button', { name: 'Hash it again and open it' }).click();
    await showsFirst(page, `Chapter 1 ${paragraph(1, 1)}`);
  });

  it('shows the pages of a comic, and hands back their number', async () => {
    const { owner } = console();
    const document = documentOf('Comic.cbz');
    const kobo = new KoreaderDevice(await owner.addReader('Comics'), 'Kobo Libra');
    await kobo.push({ document, percentage: 2 / 3, progress: '2' });
    const seen = await openUnread(browser(), owner, `read/${idOf('Comic.cbz')}`);
    const { page } = seen;
    await page.getByText(/Kobo Libra, .*: page 2/).waitFor();
    await page.getByRole('img', { name: 'Page 2' }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('img', { name: 'Page 3' }).waitFor();
    expect(await page.evaluate("document.querySelector('main img').naturalWidth")).toBe(1);
    await page.evaluate("dispatchEvent(new Event('pagehide'))");
    await page.getByText('Your place is handed back').waitFor();
    expect(await kobo.pull(document)).toMatchObject({
      progress: '3',
      percentage: 1,
      device: 'Chrome on Linux',
    });

    await page.goto(`${owner.base}/ui/read/${idOf('Comic.cbt')}`);
    await page.getByText('Page 1 of 2').waitFor();
    await page.getByRole('button', { name: 'Appearance' }).click();
    await page.getByRole('checkbox', { name: 'From right to left' }).check();
    await page.keyboard.press('Escape');
    await page.keyboard.press('ArrowLeft');
    await page.getByRole('img', { name: 'Page 2' }).waitFor();

    await page.goto(`${owner.base}/ui/read/${idOf('Paper.pdf')}`);
    await page.getByRole('link', { name: 'Open the PDF' }).waitFor();
  });
});
