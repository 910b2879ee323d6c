import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { constants, crc32, deflateSync, inflateSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { partialMd5OfFile } from '../../../engine/index.js';
import { SQLITE } from '../../support/databases.js';
import { makeEpub, xhtml } from '../../support/epub.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { makeZip } from '../../support/zip.js';
import { type ConsoleClient, KoreaderDevice } from './console-client.js';
import { shownWords, showsFirst } from './shown-words.js';
import { testConsole } from './test-console.js';
import { signInBrowser, type Visit, visit, type VisitOptions } from './visit.js';

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
  '<svg xmlns="http://www.w3.org/2000/svg" height="30"><a><text y="20">a link that changes</text>' +
  `<set attributeName="href" to="http://127.0.0.1:1/${TRACE}"/></a></svg>` +
  '<img src="p.png" usemap="#m" height="30" width="30" alt="a map"/>' +
  `<map name="m"><area shape="default" href="/ui/${TRACE}" alt=""/></map>` +
  `<form action="/api/v1/${TRACE}"><button>a button that sends</button></form>` +
  `<video src="http://127.0.0.1:1/${TRACE}.mp4" autoplay="autoplay"></video>`;

/** The chapter would be what the second one makes of it: nothing. */
const HOSTILE_SHEETS = `<?xml-stylesheet href="http://127.0.0.1:1/${TRACE}.css"?><?xml-stylesheet type="text/xsl" href="x"?>`;
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

/** White, of as many pixels in each direction. */
function squarePicture(pixels: number): Buffer {
  const chunk = (type: string, content: Buffer): Buffer => {
    const named = Buffer.concat([Buffer.from(type), content]);
    const ends = [Buffer.alloc(4), Buffer.alloc(4)] as const;
    ends[0].writeUInt32BE(content.length);
    ends[1].writeUInt32BE(crc32(named));
    return Buffer.concat([ends[0], named, ends[1]]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(pixels, 0);
  header.writeUInt32BE(pixels, 4);
  header[8] = 1;
  const row = Buffer.concat([Buffer.alloc(1), Buffer.alloc(pixels / 8, 0xff)]);
  return Buffer.concat([
    PICTURE.subarray(0, 8),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: pixels }, () => row)))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function comicPages(count: number, content: Buffer): { readonly name: string; readonly content: Buffer }[] {
  return Array.from({ length: count }, (_, index) => ({ name: `${index + 1}.png`, content }));
}

/** A font in which the browser finds no fault, as `http://www.idpf.org/2008/embedding` scrambles it. */
function scrambledFont(identifier: string): Buffer {
  const folder = join(repositoryRoot, 'node_modules/playwright-core/lib/vite/traceViewer');
  const name = readdirSync(folder).find((each) => each.endsWith('.ttf')) ?? '';
  const key = createHash('sha1').update(identifier).digest();
  const font = readFileSync(join(folder, name));
  return Buffer.from(font.map((byte, at) => (at < 1040 ? byte ^ (key[at % 20] ?? 0) : byte)));
}

/** Longer than a block of SHA-1. */
const IDENTIFIER = `urn:isbn:${'9781449396398'.repeat(6)}`;
const SCRAMBLED =
  '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#">' +
  '<enc:EncryptedData><enc:EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/>' +
  '<enc:CipherData><enc:CipherReference URI="OPS/text/f.ttf"/></enc:CipherData></enc:EncryptedData></encryption>';

/** Red, green and blue of what is seen there. */
async function colourAt(page: Page, x: number, y: number): Promise<readonly number[]> {
  const picture = await page.screenshot({ clip: { x, y, width: 1, height: 1 } });
  const at = picture.indexOf('IDAT');
  const content = picture.subarray(at + 4, at + 4 + picture.readUInt32BE(at - 4));
  // There may be more parts.
  return [...inflateSync(content, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(1, 4)];
}

/** Moves a finger over the page. */
async function swipe(page: Page, from: readonly [x: number, y: number], to: readonly [x: number, y: number]) {
  const touch = await page.context().newCDPSession(page);
  const send = async (type: 'touchStart' | 'touchMove' | 'touchEnd', part: number) => {
    const at = { x: from[0] + (to[0] - from[0]) * part, y: from[1] + (to[1] - from[1]) * part };
    await touch.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [at] });
  };
  await send('touchStart', 0);
  for (const part of [0.25, 0.5, 0.75, 1]) await send('touchMove', part);
  await send('touchEnd', 1);
}

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
async function openUnread(
  browser: Browser,
  owner: ConsoleClient,
  path: string,
  options: VisitOptions = {},
): Promise<Visit> {
  const seen = await visit(browser, owner.base, { ...options, path: 'about', as: owner });
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
      'Hostile.epub': makeEpub({
        chapters: [{ content: xhtml(HOSTILE_BODY, HOSTILE_HEAD) }],
        items: PICTURE_ITEM,
        files: [{ name: 'OPS/text/p.png', content: PICTURE }],
      }),
      'Types.epub': makeEpub({
        chapters: [
          { content: xhtml(`<p>Capitals</p>${FRAME}`, HOSTILE_HEAD), mediaType: 'Application/XHTML+XML' },
          { content: xhtml(`<p>Any XML</p>${FRAME}`, HOSTILE_HEAD), mediaType: 'text/xml' },
          { content: HOSTILE_TEMPLATE, mediaType: 'text/html' },
          { content: `${HOSTILE_SHEETS}${xhtml('<p>Not transformed</p>')}` },
          { content: '<html xmlns="http://www.w3.org/1999/xhtml"/>' },
          { content: xhtml('<p>No type</p>'), mediaType: '' },
          { content: xhtml('<p>The end</p>') },
        ],
      }),
      'Hidden.epub': makeEpub({
        chapters: [{ content: xhtml('<p>Words that are hidden</p>', '<style>p { display: none }</style>') }],
      }),
      'Vertical.epub': makeEpub({
        ...WALDEN,
        chapters: [
          {
            content: chapter(1).replace(
              '</head>',
              '<style>html { writing-mode: vertical-rl }</style></head>',
            ),
          },
        ],
        spineAttributes: ' page-progression-direction="rtl"',
      }),
      // The chapter alone says so.
      'Arabic.epub': makeEpub({
        ...WALDEN,
        chapters: [{ content: chapter(1).replace('<body>', '<body dir="rtl">') }],
      }),
      'Fixed.epub': makeEpub({
        chapters: [1, 2, 3].map((number) => ({
          content: xhtml(
            `<p>Page ${number}</p><p style="position: absolute; top: 1300px">The foot of page ${number}</p>`,
            `<title>t</title><meta name="viewport" content="width=${number === 1 ? 'device-width' : '1000,height=1400'}"/>`,
          ),
        })),
        metadata:
          '<meta property="rendition:layout">pre-paginated</meta>' +
          '<meta property="rendition:viewport">width=1000, height=1400</meta>',
      }),
      'Font.epub': makeEpub({
        chapters: [
          {
            content: xhtml(
              '<p>In a font of its own</p>',
              '<title>t</title><style>@import url(s.css);</style>',
            ),
          },
        ],
        packageAttributes: ' unique-identifier="i"',
        metadata: `<dc:identifier xmlns:dc="http://purl.org/dc/elements/1.1/" id="i">${IDENTIFIER}</dc:identifier>`,
        items:
          '<item id="f" href="text/f.ttf" media-type="font/ttf"/><item id="s" href="text/s.css" media-type="text/css"/>',
        files: [
          { name: 'OPS/text/f.ttf', content: scrambledFont(IDENTIFIER) },
          {
            name: 'OPS/text/s.css',
            content: '@font-face { font-family: f; src: url("f.ttf") } p { font-family: f, serif }',
          },
        ],
        encryption: SCRAMBLED,
      }),
      // Of 5 files with 60 MB each, as their directory says.
      'Heavy.epub': makeEpub({
        chapters: [
          {
            content: xhtml(
              `<p>Heavy</p>${[1, 2, 3, 4, 5].map((number) => `<img src="${number}.png" alt=""/>`).join('')}`,
            ),
          },
          { isDangling: true },
          {},
          { content: xhtml('<p>The end</p>') },
        ],
        items: [1, 2, 3, 4, 5]
          .map((number) => `<item id="p${number}" href="text/${number}.png" media-type="image/png"/>`)
          .join(''),
        files: [1, 2, 3, 4, 5].map((number) => ({
          name: `OPS/text/${number}.png`,
          content: PICTURE,
          declaredBytes: 60_000_000,
        })),
      }),
      'Offline.epub': makeEpub({
        chapters: ['One', '', 'Two', 'Three'].map((words) => ({ content: xhtml(`<p>${words}</p>`) })),
      }),
      'Cut.epub': walden('Cut').subarray(0, 2000),
      'Cut.cbz': makeZip(comicPages(9, PICTURE)).subarray(0, -200),
      'Cut.cbt': makeTar(comicPages(3, Buffer.alloc(3000))).subarray(0, 4000),
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
      'Manga.cbz': makeZip([
        ...comicPages(9, PICTURE),
        { name: 'ComicInfo.xml', content: '<ComicInfo><Manga>YesAndRightToLeft</Manga></ComicInfo>' },
      ]),
      'Long.cbz': makeZip(comicPages(2000, squarePicture(4000))),
      // A stored page of 2 kB that says it has 67 bytes.
      'Liar.cbz': makeZip([
        {
          name: '1.png',
          content: Buffer.concat([PICTURE, Buffer.alloc(2000)]),
          isStored: true,
          declaredBytes: 67,
        },
        { name: '2.png', content: PICTURE, isEncrypted: true },
      ]),
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
      await page.getByRole('button', { name: 'Larger' }).click();
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

  it('hands back the last page that it could show, when the network or the session has ended', async () => {
    const { owner } = console();
    const seen = await openUnread(browser(), owner, `read/${idOf('Offline.epub')}`);
    const { page } = seen;
    await showsFirst(page, 'One');
    await page.keyboard.press('ArrowRight');
    await page.getByText('25% of the book').waitFor();
    await page.keyboard.press('ArrowRight');
    await showsFirst(page, 'Two');
    seen.allow(/failed: |answered 401$/);
    await page.route('**/file', (route) => route.abort());
    await page.keyboard.press('ArrowRight');
    await page.getByText('Dogear does not answer').first().waitFor();
    await page.evaluate("dispatchEvent(new Event('pagehide'))");
    await page.getByText('Your place is handed back').waitFor();
    const { positions } = await owner.call('GET', `/progress/${documentOf('Offline.epub')}`);
    expect(positions[0].progress).toMatch(/^\/body\/DocFragment\[3\]/);
    await page.unroute('**/file');
    await page.getByRole('button', { name: 'Try again' }).click();
    await showsFirst(page, 'Two');
    await seen.context.clearCookies();
    await page.keyboard.press('ArrowRight');
    await page.getByText('Nobody is signed in any more').first().waitFor();
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
    await page.getByRole('radio', { name: 'Sepia' }).click();
    await page.keyboard.press('Escape');
    // Beside the text, which is no part of the chapter.
    await expect.poll(() => colourAt(page, 100, 400), { timeout: 20_000 }).toEqual([243, 230, 207]);
    await page.getByRole('button', { name: 'Appearance' }).click();
    await page.getByRole('radio', { name: 'Dark' }).click();
    await page.getByRole('radio', { name: 'Scroll through a chapter' }).click();
    await page.getByRole('button', { name: 'Larger' }).click();
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
    await frame?.getByText('a link that changes').click();
    await frame?.getByAltText('a map').click();
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
    for (const words of ['Capitals', 'Any XML', 'A template', 'Not transformed']) {
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

  it('shows a font that is scrambled, and leaves out what is too much for a chapter', async () => {
    const { owner } = console();
    const { page } = await openUnread(browser(), owner, `read/${idOf('Font.epub')}`);
    await showsFirst(page, 'In a font of its own');
    const frame = page.frames().find((each) => each.url().startsWith('blob:'));
    const fonts = '[...document.fonts].map(({ family, status }) => `${family} ${status}`)';
    await expect.poll(() => frame?.evaluate(fonts), { timeout: 20_000 }).toEqual(['f loaded']);

    await page.goto(`${owner.base}/ui/read/${idOf('Heavy.epub')}`);
    await page.getByText('Some pictures of this chapter are left out').waitFor();
    await showsFirst(page, 'Heavy');
    // Chapters that the file does not have are left out too.
    await page.getByRole('button', { name: 'Next page' }).click();
    await showsFirst(page, 'The end');
    await page.getByText('are left out').waitFor({ state: 'detached' });
  });

  it('goes from right to left where a book does, and hands the place back', async () => {
    const { owner } = console();
    const address = await owner.addReader('Right to left');
    for (const name of ['Vertical.epub', 'Arabic.epub']) {
      const document = documentOf(name);
      const kobo = new KoreaderDevice(address, 'Kobo Sage');
      const text = paragraph(1, 20);
      const offset = text.indexOf('1.20.9');
      const progress = `/body/DocFragment/body/p[20]/text().${offset}`;
      await kobo.push({ document, percentage: 0.3, progress });
      const { page } = await visit(browser(), owner.base, { path: `read/${idOf(name)}`, as: owner });
      await showsFirst(page, text.slice(offset));
      await page.keyboard.press('ArrowLeft');
      await expect.poll(() => shownWords(page), { timeout: 20_000 }).not.toMatch(/^1\.20\.9 /);
      const second = await shownWords(page);
      expect(Number(/^1\.(\d+)/.exec(second)?.[1])).toBeGreaterThan(20);
      await page.getByText('Your place will be handed back').waitFor();
      await page.evaluate("dispatchEvent(new Event('pagehide'))");
      await page.getByText('Your place is handed back').waitFor();
      const pulled = await kobo.pull(document);
      const [, number, at] = /p\[(\d+)\]\/text\(\)\.(\d+)$/.exec(pulled.progress) ?? [];
      expect(paragraph(1, Number(number)).slice(Number(at)).slice(0, 12)).toBe(second.slice(0, 12));
      // The button for the next page is on the left, and so is where one presses for it.
      const next = await page.getByRole('button', { name: 'Next page' }).boundingBox();
      expect(next?.x).toBe(0);
      await page.mouse.click(1000, 400);
      await showsFirst(page, text.slice(offset));
      await swipe(page, [500, 400], [700, 410]);
      await showsFirst(page, second);
    }
  });

  it('shows the pages of a fixed layout as they are, and hands back which one', async () => {
    const { owner } = console();
    const seen = await openUnread(browser(), owner, `read/${idOf('Fixed.epub')}`, { hasTouch: true });
    const { page } = seen;
    const frame = () => page.frames().find((each) => each.url().startsWith('blob:'));
    const words = () => frame()?.evaluate('document.body.innerText.trim().slice(0, 6)');
    const shows = (number: number) => expect.poll(words, { timeout: 20_000 }).toBe(`Page ${number}`);
    await shows(1);
    const foot = await frame()?.getByText('The foot of page 1').boundingBox();
    expect(foot?.y).toBeGreaterThan(500);
    expect(foot?.y).toBeLessThan(720);
    const sandbox = await frame()
      ?.frameElement()
      .then((element) => element.getAttribute('sandbox'));
    expect(sandbox).toBe('allow-same-origin');
    await page.getByText('From the beginning').waitFor();
    await page.keyboard.press('ArrowRight');
    await shows(2);
    await swipe(page, [700, 400], [560, 400]);
    await shows(3);
    await page.mouse.click(200, 400);
    await shows(2);
    await page.getByText('Your place will be handed back').waitFor();
    await page.evaluate("dispatchEvent(new Event('pagehide'))");
    await page.getByText('Your place is handed back').waitFor();
    const { positions } = await owner.call('GET', `/progress/${documentOf('Fixed.epub')}`);
    expect(positions[0].progress).toBe('/body/DocFragment[2]/body/p[1]/text().0');
    await page.reload();
    await shows(2);
    await page.getByRole('button', { name: 'Appearance' }).click();
    await page.getByText('The pages of this book are as it has laid them out').waitFor();
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
    const hash = page.getByRole('button', { name: 'Hash it again and open it' });
    await hash.click();
    await showsFirst(page, `Chapter 1 ${paragraph(1, 1)}`);
    // It changes while it is read.
    writeFileSync(`${folder}/Changed.epub`, makeEpub({ chapters: [{ content: xhtml('<p>Rewritten</p>') }] }));
    await page.getByRole('button', { name: 'Contents' }).click();
    await page.getByRole('button', { name: 'Sounds' }).click();
    await page.getByRole('alert').getByText('has changed since it was hashed').waitFor();
    await hash.click();
    await showsFirst(page, 'Rewritten');
    for (const name of ['Cut.cbz', 'Cut.cbt']) {
      await open(name);
      await page.getByRole('alert').getByText('it was cut off').waitFor();
    }
  });

  it('turns the pages of a comic by keys, presses and fingers, in its own order', async () => {
    const { owner } = console();
    const seen = await openUnread(browser(), owner, 'about', { hasTouch: true });
    const { page } = seen;
    const shows = (number: number) =>
      page.getByRole('img', { name: `Page ${number}`, exact: true }).waitFor();
    await page.goto(`${owner.base}/ui/read/${idOf('Manga.cbz')}`);
    await shows(1);
    await page.keyboard.press('ArrowLeft');
    await shows(2);
    await page.mouse.click(200, 400);
    await shows(3);
    await swipe(page, [400, 400], [700, 420]);
    await shows(4);
    // Mostly downwards.
    await swipe(page, [400, 200], [500, 500]);
    await swipe(page, [700, 400], [400, 400]);
    await shows(3);
    await page.goto(`${owner.base}/ui/read/${idOf('Liar.cbz')}`);
    await page.getByText('a file in it cannot be unpacked').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByText('it cannot be read without its password').waitFor();
  });

  it('keeps two pages of a long comic with large pages', async () => {
    const { owner } = console();
    const seen = await openUnread(browser(), owner, 'about');
    const { page } = seen;
    await page.addInitScript(`
      globalThis.keptPictures = new Set();
      const { createObjectURL, revokeObjectURL } = URL;
      URL.createObjectURL = (blob) => {
        const address = createObjectURL(blob);
        keptPictures.add(address);
        return address;
      };
      URL.revokeObjectURL = (address) => {
        keptPictures.delete(address);
        revokeObjectURL(address);
      };`);
    await page.goto(`${owner.base}/ui/read/${idOf('Long.cbz')}`);
    const shows = (number: string) =>
      page.getByRole('img', { name: `Page ${number}`, exact: true }).waitFor();
    await shows('1');
    for (let turn = 0; turn < 8; turn += 1) await page.keyboard.press('ArrowRight');
    await shows('9');
    await page.getByRole('slider', { name: 'Page' }).fill('1500');
    await shows('1,500');
    const width = "document.querySelector('main img').naturalWidth";
    await expect.poll(() => page.evaluate(width), { timeout: 20_000 }).toBe(4000);
    await expect.poll(() => page.evaluate('keptPictures.size'), { timeout: 20_000 }).toBe(2);
    // A picture that is higher than the window is scrolled before it is turned.
    await page.getByRole('button', { name: 'Appearance' }).click();
    await page.getByRole('radio', { name: 'As wide as the window' }).check();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const scrolled = "document.querySelector('main').scrollTop";
    await page.keyboard.press('PageDown');
    await expect.poll(() => page.evaluate(scrolled), { timeout: 20_000 }).toBeGreaterThan(0);
    await page.keyboard.press('PageDown');
    await page.keyboard.press('PageDown');
    await shows('1,501');
    await expect.poll(() => page.evaluate(scrolled), { timeout: 20_000 }).toBe(0);
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
    await page.getByRole('radio', { name: 'From right to left' }).check();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowLeft');
    await page.getByRole('img', { name: 'Page 2' }).waitFor();

    await page.goto(`${owner.base}/ui/read/${idOf('Paper.pdf')}`);
    await page.getByRole('link', { name: 'Open the PDF' }).waitFor();
  });
});
