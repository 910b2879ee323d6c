import { createHash } from 'node:crypto';
import { z } from 'zod';
import { coverSourceOf, readBookCover } from '../../../book/book-cover.js';
import { findBookFile, getBookFile, readBookFile } from '../../../book/book-file.js';
import {
  type CatalogueBook,
  catalogueLibraries,
  listByName,
  listNames,
  listNewest,
  nameOfKey,
  searchCatalogue,
} from '../../../book/list-catalogue.js';
import { type NamePlace, titleOf } from '../../../book/listed-name.js';
import { mediaTypeOf } from '../../../book/media-type.js';
import { bookId, type LibraryId } from '../../../domain/ids.js';
import type { Page, PageRequest } from '../../../domain/page.js';
import type { Principal } from '../../../domain/principal.js';
import { DogearError } from '../../../domain/dogear-error.js';
import type { Library } from '../../../library/library.js';
import type { Answer, AnswerHeaders, FileAnswer } from '../../answer.js';
import { bookIdNumber, bookIdText, libraryIdText } from '../../api-fields.js';
import { parseFields, queryFields } from '../../api-input.js';
import { isNoneMatch } from '../../byte-range.js';
import { cursorBytes, nextCursor, pageRequest } from '../../cursor.js';
import { coverAnswer, downloadAnswer } from '../../download-answer.js';
import type { FindPrincipal } from '../../api-principal.js';
import type { Management } from '../../management.js';
import { ProblemError } from '../../problem.js';
import { problemOfFailure, type ProblemOptions } from '../../problem-of-failure.js';
import type { HttpRequest } from '../../request.js';
import type { Route, RouteGroup } from '../../route.js';
import { bookCursor, bookCursorJson, searchedWords } from '../api/book-routes.js';
import { readAccountCredentials } from '../kosync/credential-headers.js';
import {
  ACQUISITION,
  ACQUISITION_TYPE,
  FACET,
  type FeedEntry,
  type FeedLink,
  feedXml,
  NAVIGATION_TYPE,
  NEWEST,
  openSearchXml,
  OPENSEARCH_TYPE,
} from './opds-feed.js';

export interface OpdsOptions extends ProblemOptions {
  readonly management: Management;
}

/** Entries of a page. KOReader asks for the next one by itself, and takes seconds for some hundred on e-ink. */
const PAGE = 50;
/** Libraries that the first page and the facets name. */
const MOST_LIBRARIES = 100;
const COVERS = ['http://opds-spec.org/image', 'http://opds-spec.org/image/thumbnail'] as const;
const KINDS = { authors: 'author', series: 'series' } as const;

interface OpdsRequest {
  readonly principal: Principal;
  /** As for routes of the API. */
  readonly findAgain: FindPrincipal;
  /** Where the catalogue begins for this client: with the base path, and with the API key if that is in the path. */
  readonly root: string;
  /** Without the API key. */
  readonly params: readonly string[];
  readonly request: HttpRequest;
}

type OpdsHandler = (management: Management, opds: OpdsRequest) => Promise<Answer | FileAnswer>;

const PAGES: Readonly<Record<string, OpdsHandler>> = {
  '': rootPage,
  '/newest': newestPage,
  '/titles': titlesPage,
  '/authors': namesPage('authors'),
  '/authors/:key': booksOfNamePage('authors'),
  '/series': namesPage('series'),
  '/series/:key': booksOfNamePage('series'),
  '/search': searchPage,
  '/search.xml': (management, { root }) => Promise.resolve(searchDescription(management, root)),
  '/books/:id/:name': bookFile,
  '/covers/:id': bookCover,
};

/**
 * The catalogue of books for readers and other programs (OPDS 1.2), with the name and password of an account in HTTP Basic, or
 * with an API key in the path for clients that know neither.
 */
export function opdsGroup(options: OpdsOptions): RouteGroup {
  const { management } = options;
  const base = `${management.facts.basePath}/opds`;
  const routes = Object.entries(PAGES).flatMap(([pattern, handle]): readonly Route[] => [
    {
      method: 'GET',
      pattern,
      headers: HEADERS,
      handle: async (request) => {
        const credentials = basicCredentials(request);
        const findAgain = async () =>
          requireDownload(await management.accounts.authenticator.byAccount(credentials, request));
        const principal = await findAgain();
        return handle(management, { principal, findAgain, root: base, params: request.params, request });
      },
    },
    {
      method: 'GET',
      pattern: `/:api_key${pattern}`,
      headers: HEADERS,
      handle: async (request) => {
        const [key = '', ...params] = request.params;
        const findAgain = async () =>
          requireDownload(await management.accounts.authenticator.byApiKey(key, request));
        const principal = await findAgain();
        const root = `${base}/${encodeURIComponent(key)}`;
        return handle(management, { principal, findAgain, root, params, request });
      },
    },
  ]);
  return {
    prefix: '/opds',
    routes,
    fail: (failure) => {
      const answer = problemOfFailure(failure, options);
      if (answer.status !== 401) return answer;
      const others = (answer.headers ?? []).filter(([name]) => name !== 'www-authenticate');
      return {
        ...answer,
        headers: [...others, ['www-authenticate', 'Basic realm="Dogear", charset="UTF-8"']],
      };
    },
  };
}

const HEADERS = ['authorization', 'if-none-match', 'range', 'if-range'] as const;

function basicCredentials(request: HttpRequest): ReturnType<typeof readAccountCredentials> {
  return readAccountCredentials({
    user: undefined,
    isUserLost: false,
    key: undefined,
    authorization: request.header('authorization'),
  });
}

function requireDownload(principal: Principal): Principal {
  if (principal.permissions.has('file:download')) return principal;
  throw new DogearError('forbidden', 'This needs the permission file:download.');
}

async function rootPage({ store }: Management, opds: OpdsRequest): Promise<Answer> {
  const { principal, root } = opds;
  const libraries = await catalogueLibraries(store, principal);
  const entry = (
    path: string,
    title: string,
    content: string,
    type: string,
    rel = 'subsection',
  ): FeedEntry => ({
    id: `urn:dogear:opds:${path}`,
    title,
    content,
    links: [{ rel, href: `${root}/${path}`, type }],
  });
  const ofLibraries = libraries.length < 2 ? [] : libraries.slice(0, MOST_LIBRARIES);
  return feedAnswer(opds, NAVIGATION_TYPE, {
    self: root,
    id: 'root',
    title: 'Dogear',
    entries: [
      entry('newest', 'Newest', 'The books that were added last', ACQUISITION_TYPE, NEWEST),
      entry('titles', 'Titles', 'All books by title', ACQUISITION_TYPE),
      entry('authors', 'Authors', 'Books by author', NAVIGATION_TYPE),
      entry('series', 'Series', 'Books by series', NAVIGATION_TYPE),
      ...ofLibraries.map(({ id, name }) =>
        entry(`titles?library=${String(id)}`, name, 'The books of this library', ACQUISITION_TYPE),
      ),
    ],
  });
}

const libraryQuery = { library: libraryIdText.optional(), cursor: z.string().optional() };

async function newestPage({ store }: Management, opds: OpdsRequest): Promise<Answer> {
  const { libraries, query, facets, page } = await askedList(
    store,
    opds,
    '/newest',
    z.int().transform(bookId),
  );
  const books = await listNewest(store, libraries, page);
  return booksAnswer(opds, {
    path: '/newest',
    title: 'Newest',
    query,
    books,
    facets,
    cursorJson: (id) => id,
  });
}

const namePlace = z
  .strictObject({ k: cursorBytes, p: z.number(), b: bookIdNumber })
  .transform(({ k, p, b }): NamePlace => ({ sortKey: k, place: p, bookId: b }));

function namePlaceJson({ sortKey, place, bookId: b }: NamePlace): unknown {
  return { k: sortKey.toString('base64url'), p: place, b };
}

async function titlesPage({ store }: Management, opds: OpdsRequest): Promise<Answer> {
  const { libraries, query, facets, page } = await askedList(store, opds, '/titles', namePlace);
  const books = await listByName(store, libraries, { kind: 'title', sortKey: undefined }, page);
  return booksAnswer(opds, {
    path: '/titles',
    title: 'Titles',
    query,
    books,
    facets,
    cursorJson: namePlaceJson,
  });
}

function namesPage(list: keyof typeof KINDS): OpdsHandler {
  const title = list === 'authors' ? 'Authors' : 'Series';
  return async ({ store }, opds) => {
    const { libraries, query, page } = await askedList(store, opds, `/${list}`, cursorBytes);
    const { library } = query;
    const names = await listNames(store, libraries, KINDS[list], page);
    return feedAnswer(opds, NAVIGATION_TYPE, {
      self: `${opds.root}/${list}${queryText(query)}`,
      up: opds.root,
      id: `${list}${queryText({ library })}`,
      title,
      links: nextLinks(opds, `/${list}`, NAVIGATION_TYPE, names, (key) => key.toString('base64url')),
      entries: names.items.map(({ sortKey, name }) => {
        const path = `${list}/${sortKey.toString('base64url')}${queryText({ library })}`;
        return {
          id: `urn:dogear:opds:${path}`,
          title: name,
          links: [{ rel: 'subsection', href: `${opds.root}/${path}`, type: ACQUISITION_TYPE }],
        };
      }),
    });
  };
}

function booksOfNamePage(list: keyof typeof KINDS): OpdsHandler {
  const kind = KINDS[list];
  return async ({ store }, opds) => {
    const key = opds.params[0] ?? '';
    const path = `/${list}/${encodeURIComponent(key)}`;
    const { libraries, query, facets, page } = await askedList(store, opds, path, namePlace);
    const sortKey = Buffer.from(key, 'base64url');
    const books = await listByName(store, libraries, { kind, sortKey }, page);
    const title = (await nameOfKey(store, libraries, kind, sortKey)) ?? 'Books';
    return booksAnswer(opds, { path, title, query, books, facets, cursorJson: namePlaceJson });
  };
}

async function searchPage({ store }: Management, opds: OpdsRequest): Promise<Answer> {
  const { query, page, facets } = await askedList(store, opds, '/search', bookCursor);
  const books = await searchCatalogue(
    store,
    opds.principal,
    { text: query.q ?? '', libraryId: query.library },
    page,
  );
  return booksAnswer(opds, {
    path: '/search',
    title: 'Search',
    query,
    books,
    facets,
    cursorJson: bookCursorJson,
  });
}

function searchDescription({ facts: { publicUrl } }: Management, root: string): Answer {
  // Clients resolve an address without a host by that of the description. The host is known for certain only from the setting.
  const base = publicUrl === undefined ? root : new URL(root, publicUrl).href;
  return {
    status: 200,
    contentType: OPENSEARCH_TYPE,
    body: openSearchXml(`${base}/search?q={searchTerms}`),
    headers: DESCRIPTION_HEADERS,
  };
}

async function bookFile(
  management: Management,
  { principal, findAgain, params, request }: OpdsRequest,
): Promise<Answer | FileAnswer> {
  const { id } = parseFields(z.object({ id: bookIdText }), [['id', params[0] ?? '']]);
  const file = await getBookFile(management, principal, id);
  return downloadAnswer(request, {
    file,
    userId: principal.userId,
    downloads: management.downloads,
    read: (piece) => readBookFile(management, principal, file, piece),
    requireAccess: async () => getBookFile(management, await findAgain(), id),
  });
}

async function bookCover(
  management: Management,
  { principal, params, request }: OpdsRequest,
): Promise<Answer | FileAnswer> {
  const { id } = parseFields(z.object({ id: bookIdText }), [['id', params[0] ?? '']]);
  return coverAnswer(request, {
    file: await findBookFile(management, principal, id),
    userId: principal.userId,
    downloads: management.downloads,
    find: (file) => readBookCover(management, principal, file),
  });
}

interface ListQuery {
  readonly library?: LibraryId | undefined;
  readonly q?: string | undefined;
  readonly cursor?: string | undefined;
}

/** What lists have in common: the libraries that they show, and where they begin. Unknown parameters are ignored. */
async function askedList<Cursor extends z.ZodType>(
  store: Management['store'],
  { principal, root, request }: OpdsRequest,
  path: string,
  cursor: Cursor,
): Promise<{
  readonly query: ListQuery;
  readonly libraries: readonly Library[];
  readonly facets: readonly FeedLink[];
  readonly page: PageRequest<z.output<Cursor>>;
}> {
  const schema = z.object({ ...libraryQuery, q: searchedWords.optional() });
  const known = queryFields(request.query).filter(([name]) => Object.hasOwn(schema.shape, name));
  const query = parseFields(schema, known);
  const visible = await catalogueLibraries(store, principal);
  const libraries = visible.filter(({ id }) => query.library === undefined || id === query.library);
  if (libraries.length === 0 && query.library !== undefined) {
    throw new ProblemError(
      'library-not-found',
      `There is no library ${String(query.library)} that you may see.`,
    );
  }
  const facet = (title: string, library: LibraryId | undefined): FeedLink => ({
    rel: FACET,
    href: `${root}${path}${queryText({ library, q: query.q })}`,
    type: ACQUISITION_TYPE,
    title,
    facet: { group: 'Library', isActive: library === query.library },
  });
  const facets =
    visible.length < 2
      ? []
      : [
          facet('All libraries', undefined),
          ...visible.slice(0, MOST_LIBRARIES).map(({ id, name }) => facet(name, id)),
        ];
  return { query, libraries, facets, page: pageRequest({ limit: PAGE, cursor: query.cursor }, cursor) };
}

function queryText({ library, q, cursor }: ListQuery): string {
  const fields = new URLSearchParams();
  if (q !== undefined) fields.set('q', q);
  if (library !== undefined) fields.set('library', String(library));
  if (cursor !== undefined) fields.set('cursor', cursor);
  return fields.size === 0 ? '' : `?${fields.toString()}`;
}

function nextLinks<Cursor>(
  { root, request }: OpdsRequest,
  path: string,
  type: string,
  page: Page<unknown, Cursor>,
  toJson: (cursor: Cursor) => unknown,
): readonly FeedLink[] {
  const next = nextCursor(page, toJson);
  if (next === null) return [];
  const fields = new URLSearchParams(request.query);
  fields.set('cursor', next);
  return [{ rel: 'next', href: `${root}${path}?${fields.toString()}`, type }];
}

function booksAnswer<Cursor>(
  opds: OpdsRequest,
  {
    path,
    title,
    query,
    books,
    facets,
    cursorJson,
  }: {
    readonly path: string;
    readonly title: string;
    readonly query: ListQuery;
    readonly books: Page<CatalogueBook, Cursor>;
    readonly facets: readonly FeedLink[];
    readonly cursorJson: (cursor: Cursor) => unknown;
  },
): Answer {
  const { root, request } = opds;
  return feedAnswer(opds, ACQUISITION_TYPE, {
    self: `${root}${path}${request.query === '' ? '' : `?${request.query}`}`,
    up: `${root}${path.slice(0, path.lastIndexOf('/'))}`,
    // Of all pages of the list, as in its links.
    id: `${path.slice(1)}${queryText({ q: query.q, library: query.library })}`,
    title,
    links: [...facets, ...nextLinks(opds, path, ACQUISITION_TYPE, books, cursorJson)],
    entries: books.items.map((book) => bookEntry(root, book)),
  });
}

function bookEntry(root: string, { book, metadata }: CatalogueBook): FeedEntry {
  const name = book.path.subarray(book.path.lastIndexOf(0x2f) + 1).toString('utf8');
  const { series, seriesIndex } = metadata ?? {};
  return {
    id: `urn:dogear:book:${String(book.id)}`,
    title: titleOf({ path: book.path, metadata }),
    updatedMs: book.hashedMs ?? Number(book.modifiedNs / 1_000_000n),
    author: metadata?.authors.join(', ') ?? '',
    language: metadata?.language,
    identifier: metadata?.identifier,
    series: series === undefined ? undefined : { name: series, index: seriesIndex },
    content:
      series === undefined ? '' : `${series}${seriesIndex === undefined ? '' : `, ${String(seriesIndex)}`}`,
    links: [
      {
        rel: ACQUISITION,
        // KOReader tells the kind of a file by the end of the address.
        href: `${root}/books/${String(book.id)}/${encodeURIComponent(name)}`,
        type: mediaTypeOf(name),
        bytes: book.sizeBytes,
      },
      ...(coverSourceOf(name) === undefined
        ? []
        : COVERS.map((rel) => ({
            rel,
            href: `${root}/covers/${String(book.id)}`,
            // OPDS 1.2 (5.2.2) wants one of image/gif, image/jpeg and image/png. Which it is, the answer with the picture says:
            // it is known only when the book is read.
            type: 'image/jpeg',
          }))),
    ],
  };
}

const DESCRIPTION_HEADERS: AnswerHeaders = [
  ['cache-control', 'private, no-store'],
  ['x-content-type-options', 'nosniff'],
];

interface ListedFeed {
  readonly self: string;
  /** Absent: the catalogue begins here. */
  readonly up?: string;
  readonly id: string;
  readonly title: string;
  readonly links?: readonly FeedLink[];
  readonly entries: readonly FeedEntry[];
}

/** A feed, or that the client has it as it is. */
function feedAnswer(
  { root, request }: OpdsRequest,
  type: typeof NAVIGATION_TYPE | typeof ACQUISITION_TYPE,
  { self, up, id, title, links = [], entries }: ListedFeed,
): Answer {
  const feed = {
    id: `urn:dogear:opds:${id}`,
    title,
    links: [
      { rel: 'self', href: self, type },
      { rel: 'start', href: root, type: NAVIGATION_TYPE },
      ...(up === undefined ? [] : [{ rel: 'up', href: up, type: NAVIGATION_TYPE }]),
      { rel: 'search', href: `${root}/search.xml`, type: OPENSEARCH_TYPE },
      ...links,
    ],
    entries,
  };
  const etag = `"${createHash('sha256')
    .update(feedXml({ ...feed, updatedMs: 0 }))
    .digest('base64url')
    .slice(0, 22)}"`;
  const headers: AnswerHeaders = [
    // Weak: nothing but the time of the feed differs.
    ['etag', `W/${etag}`],
    ['cache-control', 'private, no-cache'],
    ['x-content-type-options', 'nosniff'],
  ];
  if (isNoneMatch(request.header('if-none-match'), etag)) {
    return { status: 304, contentType: type, body: '', headers };
  }
  return { status: 200, contentType: type, body: feedXml({ ...feed, updatedMs: Date.now() }), headers };
}
