import type { ScanId } from '../../../../../server/domain/ids.js';
import { type BookFolder, md5 } from '../../../../support/book-folder.js';

/** Callers that try every route: one without a key, one with each permission alone, and an owner. */
export const WHO = [
  'nobody',
  'none',
  'feature:koreader_sync',
  'feature:api_keys',
  'library:scan',
  'library:manage',
  'user:manage',
  'file:download',
  'owner',
] as const;
export type Who = (typeof WHO)[number];

export const EVERYBODY: readonly Who[] = WHO.filter((who) => who !== 'nobody');
const OWN_SYNC: readonly Who[] = ['feature:koreader_sync', 'user:manage', 'owner'];

export interface Row {
  /** Its operation id. Client generators name methods after it, so it must not change. */
  readonly operation: string;
  readonly method: string;
  readonly path: (world: World) => string;
  readonly body?: (world: World) => object;
  readonly may: readonly Who[];
  readonly status: number;
}

/** Data for one request alone, so that its effects do not matter to the next request. */
export interface World {
  readonly folder: BookFolder;
  readonly library: number;
  readonly book: number;
  /** Of the same library; it has a cover. */
  readonly comic: number;
  /** Of the same library. */
  readonly missingBook: number;
  readonly endedScan: number;
  readonly runningScan: ScanId;
  readonly otherUser: number;
  readonly ownKey: number;
  readonly device: string;
  /** A document that the caller has linked to the book. */
  readonly linked: string;
  readonly ownSession: number;
  readonly ownPassword: string | null;
  /** Of a setup link, while no owner can sign in. */
  readonly setupToken: string;
  readonly fresh: string;
}

const at = (path: string) => () => path;

/** Every operation of the API, who may use it, and its status when it succeeds. */
export const TABLE: readonly Row[] = [
  { operation: 'listLibraries', method: 'GET', path: at('/libraries'), may: EVERYBODY, status: 200 },
  {
    operation: 'addLibrary',
    method: 'POST',
    path: at('/libraries'),
    body: ({ folder, fresh }) => ({ name: `${fresh} new`, root: folder.path }),
    may: ['library:manage', 'owner'],
    status: 201,
  },
  {
    operation: 'showLibrary',
    method: 'GET',
    path: ({ library }) => `/libraries/${String(library)}`,
    may: EVERYBODY,
    status: 200,
  },
  {
    operation: 'changeLibrary',
    method: 'PATCH',
    path: ({ library }) => `/libraries/${String(library)}`,
    body: ({ fresh }) => ({ name: `${fresh} renamed` }),
    may: ['library:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'removeLibrary',
    method: 'DELETE',
    path: ({ library }) => `/libraries/${String(library)}`,
    may: ['library:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'purgeLibrary',
    method: 'POST',
    path: ({ library }) => `/libraries/${String(library)}/purge`,
    body: () => ({}),
    may: ['library:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'listLibraryReaders',
    method: 'GET',
    path: ({ library }) => `/libraries/${String(library)}/readers`,
    may: ['library:manage', 'owner'],
    status: 200,
  },
  ...(['PUT', 'DELETE'] as const).map((method) => ({
    operation: method === 'PUT' ? 'addLibraryReader' : 'removeLibraryReader',
    method,
    path: ({ library, otherUser }: World) => `/libraries/${String(library)}/readers/${String(otherUser)}`,
    may: ['library:manage', 'owner'] as const,
    status: 204,
  })),
  {
    operation: 'showFolders',
    method: 'GET',
    path: ({ folder }) => `/folders?path=${encodeURIComponent(folder.path)}`,
    may: ['library:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'startScan',
    method: 'POST',
    path: ({ library }) => `/libraries/${String(library)}/scans`,
    may: ['library:scan', 'owner'],
    // The library is being scanned already, so a caller who may start a scan gets 409.
    status: 409,
  },
  {
    operation: 'listScans',
    method: 'GET',
    path: at('/scans'),
    may: ['library:scan', 'library:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'showScan',
    method: 'GET',
    path: ({ endedScan }) => `/scans/${String(endedScan)}`,
    may: ['library:scan', 'library:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'listScanFailures',
    method: 'GET',
    path: ({ endedScan }) => `/scans/${String(endedScan)}/failures`,
    may: ['library:scan', 'library:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'watchScan',
    method: 'GET',
    path: ({ endedScan }) => `/scans/${String(endedScan)}/events`,
    may: ['library:scan', 'library:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'cancelScan',
    method: 'POST',
    path: ({ runningScan }) => `/scans/${String(runningScan)}/cancel`,
    may: ['library:scan', 'owner'],
    status: 202,
  },
  { operation: 'listBooks', method: 'GET', path: at('/books'), may: EVERYBODY, status: 200 },
  {
    operation: 'downloadBook',
    method: 'GET',
    path: ({ book }) => `/books/${String(book)}/file`,
    may: ['file:download', 'owner'],
    status: 200,
  },
  {
    operation: 'showCover',
    method: 'GET',
    path: ({ comic }) => `/books/${String(comic)}/cover`,
    may: ['file:download', 'owner'],
    status: 200,
  },
  {
    operation: 'showBook',
    method: 'GET',
    path: ({ book }) => `/books/${String(book)}`,
    may: EVERYBODY,
    status: 200,
  },
  {
    operation: 'hashBook',
    method: 'POST',
    path: ({ book }) => `/books/${String(book)}/hash`,
    may: ['library:scan', 'owner'],
    status: 200,
  },
  {
    operation: 'showSuccessors',
    method: 'GET',
    path: ({ book }) => `/books/${String(book)}/successors`,
    may: EVERYBODY,
    status: 200,
  },
  {
    operation: 'joinSuccessor',
    method: 'POST',
    path: ({ missingBook }) => `/books/${String(missingBook)}/successor`,
    body: ({ book }) => ({ book_id: book }),
    may: ['library:manage', 'owner'],
    status: 200,
  },
  { operation: 'listDevices', method: 'GET', path: at('/devices'), may: OWN_SYNC, status: 200 },
  {
    operation: 'nameDevice',
    method: 'PATCH',
    path: ({ device }) => `/devices/${device}`,
    body: () => ({ friendly_name: 'x' }),
    may: OWN_SYNC,
    status: 200,
  },
  {
    operation: 'forgetDevice',
    method: 'DELETE',
    path: ({ device }) => `/devices/${device}`,
    may: OWN_SYNC,
    status: 204,
  },
  {
    operation: 'listReadingOfBook',
    method: 'GET',
    path: ({ book }) => `/books/${String(book)}/reading`,
    may: OWN_SYNC,
    status: 200,
  },
  {
    operation: 'linkDocument',
    method: 'POST',
    path: ({ book }) => `/books/${String(book)}/documents`,
    body: ({ fresh }) => ({ document: `${fresh} linked` }),
    may: ['feature:koreader_sync', 'owner'],
    status: 201,
  },
  {
    operation: 'showLinks',
    method: 'GET',
    path: ({ book }) => `/books/${String(book)}/documents`,
    may: EVERYBODY,
    status: 200,
  },
  {
    operation: 'unlinkDocument',
    method: 'DELETE',
    path: ({ book, linked }) => `/books/${String(book)}/documents/${linked}`,
    may: ['feature:koreader_sync', 'owner'],
    status: 204,
  },
  {
    operation: 'explainBook',
    method: 'GET',
    path: ({ book }) => `/books/${String(book)}/why`,
    may: ['feature:koreader_sync', 'owner'],
    status: 200,
  },
  {
    operation: 'explainDocument',
    method: 'GET',
    path: ({ linked }) => `/documents/${linked}/why`,
    may: ['feature:koreader_sync', 'owner'],
    status: 200,
  },
  {
    operation: 'listUnmatched',
    method: 'GET',
    path: at('/unmatched'),
    may: ['feature:koreader_sync', 'owner'],
    status: 200,
  },
  {
    operation: 'forgetUnmatched',
    method: 'DELETE',
    path: ({ fresh }) => `/unmatched/${fresh}`,
    may: ['feature:koreader_sync', 'owner'],
    status: 204,
  },
  { operation: 'listReading', method: 'GET', path: at('/reading'), may: OWN_SYNC, status: 200 },
  { operation: 'listProgress', method: 'GET', path: at('/progress'), may: OWN_SYNC, status: 200 },
  {
    operation: 'showProgress',
    method: 'GET',
    path: ({ fresh }) => `/progress/${fresh}`,
    may: OWN_SYNC,
    status: 200,
  },
  {
    operation: 'listHistory',
    method: 'GET',
    path: ({ fresh }) => `/progress/${fresh}/history`,
    may: OWN_SYNC,
    status: 200,
  },
  {
    operation: 'placeDevice',
    method: 'PUT',
    path: ({ fresh }) => `/progress/${md5(`${fresh}.epub`)}`,
    body: () => ({ cfi: 'epubcfi(/6/2!/4/2/1:0)', device: { id: 'web', name: 'Web' } }),
    may: ['feature:koreader_sync', 'owner'],
    status: 200,
  },
  {
    operation: 'deletePosition',
    method: 'DELETE',
    path: ({ fresh, device }) => `/progress/${fresh}/positions/${device}`,
    may: OWN_SYNC,
    status: 204,
  },
  {
    operation: 'listApiKeys',
    method: 'GET',
    path: at('/api-keys'),
    may: ['feature:api_keys', 'user:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'addApiKey',
    method: 'POST',
    path: at('/api-keys'),
    body: () => ({ name: 'k', permissions: [] }),
    may: ['feature:api_keys', 'user:manage', 'owner'],
    status: 201,
  },
  {
    operation: 'showApiKey',
    method: 'GET',
    path: ({ ownKey }) => `/api-keys/${String(ownKey)}`,
    may: ['feature:api_keys', 'user:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'revokeApiKey',
    method: 'DELETE',
    path: ({ ownKey }) => `/api-keys/${String(ownKey)}`,
    may: ['feature:api_keys', 'user:manage', 'owner'],
    status: 204,
  },
  {
    operation: 'changeOwnPassword',
    method: 'PUT',
    path: at('/me/password'),
    body: ({ ownPassword }) => ({ current_password: ownPassword, password: ownPassword ?? 'a password' }),
    may: EVERYBODY,
    status: 204,
  },
  { operation: 'showCaller', method: 'GET', path: at('/me'), may: EVERYBODY, status: 200 },
  { operation: 'listUsers', method: 'GET', path: at('/users'), may: ['user:manage', 'owner'], status: 200 },
  {
    operation: 'addUser',
    method: 'POST',
    path: at('/users'),
    body: ({ fresh }) => ({ name: `${fresh}x`, permissions: [] }),
    may: ['user:manage', 'owner'],
    status: 201,
  },
  {
    operation: 'showUser',
    method: 'GET',
    path: ({ otherUser }) => `/users/${String(otherUser)}`,
    may: ['user:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'changeUser',
    method: 'PATCH',
    path: ({ otherUser }) => `/users/${String(otherUser)}`,
    body: () => ({ disabled: true }),
    may: ['user:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'removeUser',
    method: 'DELETE',
    path: ({ otherUser }) => `/users/${String(otherUser)}`,
    may: ['user:manage', 'owner'],
    status: 204,
  },
  {
    operation: 'setPassword',
    method: 'PUT',
    path: ({ otherUser }) => `/users/${String(otherUser)}/password`,
    body: () => ({ password: 'x' }),
    may: ['user:manage', 'owner'],
    status: 204,
  },
  { operation: 'showServer', method: 'GET', path: at('/server'), may: EVERYBODY, status: 200 },
  {
    operation: 'showAbout',
    method: 'GET',
    path: at('/about'),
    may: ['library:manage', 'user:manage', 'owner'],
    status: 200,
  },
  { operation: 'showOverview', method: 'GET', path: at('/overview'), may: EVERYBODY, status: 200 },
  { operation: 'watchChanges', method: 'GET', path: at('/changes'), may: EVERYBODY, status: 200 },
  { operation: 'showStart', method: 'GET', path: at('/start'), may: WHO, status: 200 },
  {
    operation: 'checkSetup',
    method: 'POST',
    path: at('/setup/check'),
    body: ({ setupToken }) => ({ token: setupToken }),
    may: WHO,
    status: 200,
  },
  {
    operation: 'setUp',
    method: 'POST',
    path: at('/setup'),
    body: ({ setupToken, fresh }) => ({ token: setupToken, name: `${fresh}o`, password: 'secret' }),
    may: WHO,
    status: 201,
  },
  {
    operation: 'signIn',
    method: 'POST',
    path: at('/sessions'),
    body: ({ fresh }) => ({ name: `${fresh}s`, password: fresh }),
    may: WHO,
    status: 201,
  },
  { operation: 'listSessions', method: 'GET', path: at('/sessions'), may: EVERYBODY, status: 200 },
  { operation: 'signOut', method: 'DELETE', path: at('/sessions/current'), may: EVERYBODY, status: 204 },
  {
    operation: 'endSession',
    method: 'DELETE',
    path: ({ ownSession }) => `/sessions/${String(ownSession)}`,
    may: EVERYBODY,
    status: 204,
  },
  { operation: 'endAllSessions', method: 'DELETE', path: at('/sessions'), may: EVERYBODY, status: 204 },
];
