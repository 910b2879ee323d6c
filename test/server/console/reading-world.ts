import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { partialMd5OfFile } from '../../../engine/index.js';
import { md5 } from '../../support/book-folder.js';
import { makeEpub, xhtml } from '../../support/epub.js';
import { makePng } from '../../support/png.js';
import { makeZip } from '../../support/zip.js';
import { type ConsoleClient, KoreaderDevice, type ReadingPlace } from './console-client.js';
import { OWNER } from './console-program.js';

/** A book file, and what a reader says about it. */
export interface WorldBook {
  /** Below the folder of its library. */
  readonly path: string;
  readonly title: string;
  readonly authors: string;
}

export interface WorldLibrary {
  readonly name: string;
  readonly books: readonly WorldBook[];
}

export interface WorldReader {
  readonly user: string;
  readonly keyName: string;
  /** As the reader calls itself. */
  readonly device: string;
  readonly friendlyName?: string;
  /** How far it is in the first, second… book of all libraries. */
  readonly places: readonly (number | undefined)[];
}

/** What the pages show: names that people or attackers gave. */
export interface WorldPlan {
  readonly libraries: readonly WorldLibrary[];
  /** Besides the owner. */
  readonly users: readonly string[];
  readonly readers: readonly WorldReader[];
  /** Read by the first reader, and in no library. */
  readonly unknownBook: WorldBook;
  /** Pushed by the first reader in vain: in no library either, and refused. */
  readonly refusedBooks: readonly WorldBook[];
}

/** A page with everything that the console can show in this world. */
export interface WorldPage {
  /** For the name of its picture. */
  readonly name: string;
  /** Below `ui/`. */
  readonly path: string;
  /** The button that is pressed then. */
  readonly press?: string;
  /** What is there afterwards, as text. */
  readonly shows?: string;
  /** Not of the whole console, but of a visitor whom nobody knows. */
  readonly isSignedOut?: boolean;
}

const READER_PERMISSIONS = ['feature:koreader_sync', 'feature:api_keys'];
/** Pushes of one reader in one book, from its beginning to its place. */
const STEPS = 12;

/**
 * Fills a new server: libraries of which one has a missing and an unreadable file, users, readers that push, a name for some
 * of them.
 *
 * @param owner with the name and the password of OWNER. The server stores unknown documents that come with an API key, and
 *   refuses those that come with a password.
 * @param folder empty; the libraries are made in it
 */
export async function makeWorld(
  owner: ConsoleClient,
  folder: string,
  plan: WorldPlan,
): Promise<readonly WorldPage[]> {
  const libraries: number[] = [];
  const books: WrittenBook[] = [];
  for (const [index, { name, books: planned }] of plan.libraries.entries()) {
    const root = join(folder, `library-${String(index)}`);
    for (const book of planned) {
      const file = join(root, book.path);
      writeBook(file, book.title, book.authors);
      books.push({ ...book, file });
    }
    if (index === 0) writeBook(join(root, 'lent/The lent book.epub'), 'lent');
    // A link that leads to itself cannot be read.
    if (index === 0) symlinkSync('A broken link.epub', join(root, 'A broken link.epub'));
    libraries.push(await owner.addLibrary(name, root));
    if (index !== 0) continue;
    rmSync(join(root, 'lent/The lent book.epub'));
    await owner.scan(libraries[0] ?? 0);
  }
  for (const id of libraries) await metadataRead(owner, id);
  const clients = new Map([['aaron', owner]]);
  for (const user of plan.users) clients.set(user, await owner.addUser(user, READER_PERMISSIONS));
  for (const reader of plan.readers) await read(clients.get(reader.user) ?? owner, reader, books);
  const [first] = plan.readers;
  if (first !== undefined) {
    const device = new KoreaderDevice(await owner.addReader('Old key'), first.device);
    const { unknownBook: book } = plan;
    await device.push({ document: md5(book.title), percentage: 0.4, metadata: metadataOf(book) });
    await pushInVain(owner, first.device, plan.refusedBooks);
  }
  const document = books[0] === undefined ? '' : documentOf(books[0]);
  return worldPages(owner, libraries, document, plan.refusedBooks[0]?.title ?? '');
}

/** Returns when the books are listed as documents without a book. */
async function pushInVain(
  owner: ConsoleClient,
  deviceName: string,
  books: readonly WorldBook[],
): Promise<void> {
  const device = new KoreaderDevice(owner.base, deviceName, deviceName, OWNER);
  for (const book of books) {
    const document = md5(`${book.title} of another edition`);
    await device.pushInVain({ document, percentage: 0.15, metadata: metadataOf(book) });
  }
  while ((await owner.call('GET', '/unmatched?limit=1')).total < books.length) await delay(50);
}

interface WrittenBook extends WorldBook {
  readonly file: string;
}

/** It takes some milliseconds for a file that was written a moment ago. */
function documentOf({ file }: WrittenBook): string {
  return partialMd5OfFile(file).toString('hex');
}

async function read(
  client: ConsoleClient,
  reader: WorldReader,
  books: readonly WrittenBook[],
): Promise<void> {
  const device = new KoreaderDevice(await client.addReader(reader.keyName), reader.device);
  for (const [index, place] of reader.places.entries()) {
    const book = books[index];
    if (place === undefined || book === undefined) continue;
    const document = documentOf(book);
    for (let step = 1; step <= STEPS; step += 1) {
      await device.push({
        document,
        percentage: (place * step) / STEPS,
        progress: `/body/DocFragment[1]/body/p[${String(Math.ceil(place * step))}]/text().${String(step)}`,
        metadata: metadataOf(book),
      });
    }
  }
  if (reader.friendlyName === undefined) return;
  const { items } = await client.call('GET', '/devices');
  const [{ id }] = items.filter(({ name }: { readonly name: string }) => name === reader.device);
  await client.call('PATCH', `/devices/${String(id)}`, { friendly_name: reader.friendlyName });
}

async function worldPages(
  owner: ConsoleClient,
  libraries: readonly number[],
  document: string,
  refusedTitle: string,
): Promise<readonly WorldPage[]> {
  const library = String(libraries[0]);
  const { items: books } = await owner.call('GET', `/books?digest=${document}`);
  const { items: comics } = await owner.call('GET', `/books?library_id=${String(libraries[1])}`);
  const { items: missing } = await owner.call('GET', '/books?state=missing');
  const read = `read/${String(books[0].id)}`;
  const { items: scans } = await owner.call('GET', `/scans?library_id=${library}`);
  const { items: users } = await owner.call('GET', '/users');
  const lastUser = String(users.at(-1).id);
  return [
    { name: 'home', path: '' },
    { name: 'libraries', path: 'libraries' },
    { name: 'library-new', path: 'libraries?do=add' },
    { name: 'library-folders', path: 'libraries?do=add', press: 'Choose a folder…', shows: 'In /' },
    { name: 'library', path: `libraries/${library}` },
    { name: 'library-change', path: `libraries/${library}?do=change` },
    { name: 'library-remove', path: `libraries/${library}?do=remove` },
    { name: 'scan', path: `scans/${String(scans[0].id)}` },
    { name: 'books', path: 'books' },
    { name: 'book', path: `books/${String(books[0].id)}` },
    { name: 'reading', path: 'reading' },
    { name: 'reading-all', path: 'reading?user=all' },
    { name: 'document', path: `reading/${document}` },
    { name: 'unmatched', path: 'unmatched' },
    {
      name: 'unmatched-link',
      path: 'unmatched',
      press: `Link to a book: ${refusedTitle}`,
      shows: 'Search the books',
    },
    { name: 'devices', path: 'devices' },
    { name: 'api-keys', path: 'api-keys' },
    { name: 'api-key-new', path: 'api-keys?new=1' },
    { name: 'koreader', path: 'koreader' },
    { name: 'koreader-steps', path: 'koreader', press: 'Make a key', shows: 'Waiting for your reader' },
    { name: 'users', path: 'users' },
    { name: 'user-new', path: 'users/new' },
    { name: 'user', path: `users/${lastUser}` },
    { name: 'account', path: 'account' },
    { name: 'about', path: 'about' },
    { name: 'no-such-page', path: 'no/such/page' },
    { name: 'read', path: read },
    { name: 'read-contents', path: read, press: 'Contents', shows: CHAPTER },
    { name: 'read-appearance', path: read, press: 'Appearance', shows: 'Sepia' },
    { name: 'read-comic', path: `read/${String(comics[0].id)}` },
    { name: 'read-missing', path: `read/${String(missing[0].id)}` },
    { name: 'sign-in', path: '', isSignedOut: true },
  ];
}

function metadataOf({ path, title, authors }: WorldBook): NonNullable<ReadingPlace['metadata']> {
  return { filename: basename(path), title, authors };
}

/** Returns when the server has read what the EPUBs of a library say of themselves, which it does after a scan. */
async function metadataRead(owner: ConsoleClient, libraryId: number): Promise<void> {
  for (;;) {
    const { metadata } = await owner.call('GET', `/libraries/${String(libraryId)}`);
    if (metadata?.state === 'completed') return;
    await delay(50);
  }
}

function writeBook(path: string, title: string, authors = ''): void {
  mkdirSync(dirname(path), { recursive: true });
  const content = path.endsWith('.epub')
    ? epubOf(title, authors)
    : path.endsWith('.cbz')
      ? comicOf(title)
      : title;
  writeFileSync(path, content);
}

/** The same for the same title. */
function coverOf(title: string): Buffer {
  const [red = 0, green = 0, blue = 0] = Buffer.from(md5(title), 'hex').map((byte) => byte >> 1);
  return makePng(200, 300, [red, green, blue]);
}

function comicOf(title: string): Buffer {
  return makeZip(['1', '2', '3'].map((page) => ({ name: `${page}.png`, content: coverOf(title) })));
}

/** With words, so that the pages can show the text around a place. */
function epubOf(title: string, authors: string): Buffer {
  const paragraphs = Array.from(
    { length: STEPS },
    (_, index) => `<p>${PARAGRAPHS[index % PARAGRAPHS.length] ?? ''}</p>`,
  );
  const body = `<h1>${CHAPTER}</h1>${paragraphs.join('')}<!-- ${Buffer.from(title).toString('hex')} -->`;
  const creators = authors === '' ? [] : authors.split('\n');
  const metadata =
    `<dc:title>${escaped(title)}</dc:title>` +
    creators.map((author) => `<dc:creator>${escaped(author)}</dc:creator>`).join('') +
    '<meta name="cover" content="cover.png"/>';
  return makeEpub({
    chapters: [{ content: xhtml(body) }],
    navigation: xhtml(`<nav epub:type="toc"><ol><li><a href="text/1.xhtml">${CHAPTER}</a></li></ol></nav>`),
    packageAttributes: ' xmlns:dc="http://purl.org/dc/elements/1.1/"',
    metadata,
    files: [{ name: 'OPS/cover.png', content: coverOf(title) }],
  });
}

const CHAPTER = 'Chapter 1. Loomings.';

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The beginning of Moby-Dick. */
const PARAGRAPHS = [
  'Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse, and nothing ' +
    'particular to interest me on shore, I thought I would sail about a little and see the watery part of the world.',
  'It is a way I have of driving off the spleen and regulating the circulation.',
  'Whenever I find myself growing grim about the mouth; whenever it is a damp, drizzly November in my soul; then, I ' +
    'account it high time to get to sea as soon as I can.',
  'There is nothing surprising in this. If they but knew it, almost all men in their degree, some time or other, cherish ' +
    'very nearly the same feelings towards the ocean with me.',
];
