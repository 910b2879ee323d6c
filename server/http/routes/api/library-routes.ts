import { z } from 'zod';
import { addLibrary } from '../../../library/add-library.js';
import { listReaders, setReader } from '../../../library/library-readers.js';
import type { LibrarySummary } from '../../../library/library.js';
import { listLibraries } from '../../../library/list-libraries.js';
import {
  changeCountedLibrary,
  getLibraryDetails,
  type LibraryDetails,
} from '../../../book/library-details.js';
import { purgeLibrary } from '../../../removal/purge-library.js';
import { countLibraryRemoval, removeLibrary } from '../../../removal/remove-library.js';
import type { Principal } from '../../../domain/principal.js';
import {
  id,
  libraryIdText,
  pageQuery,
  pathJson,
  pathSchema,
  text,
  time,
  timeOfMs,
  userIdText,
} from '../../api-fields.js';
import { type ApiRoute, emptyRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, pageSchema, requestSchema } from '../../api-schemas.js';
import { nextCursor, pageRequest } from '../../cursor.js';

const library = {
  id,
  name: z.string(),
  root: pathSchema
    .nullable()
    .describe('folder on the server; null for keys with neither library:manage nor library:scan'),
  extensions: z
    .array(z.string())
    .nullable()
    .describe('file extensions of books, lower case, without a dot; null: all that KOReader opens'),
  koreader_hashes: z
    .boolean()
    .describe('whether its books are hashed; readers do not find books without hashes'),
  skip_system: z
    .boolean()
    .describe(
      'whether scans leave out folders whose names begin with a dot, folders of recycle bins, thumbnails and snapshots, ' +
        'and lock files',
    ),
  ignore_patterns: z
    .array(z.string())
    .describe(
      'what else scans leave out, in the syntax of .gitignore, relative to the root; patterns in a file .dogearignore ' +
        'there come after these',
    ),
  follow_links: z
    .boolean()
    .describe(
      'whether scans follow links to folders, unless they lead into the library or to a folder above',
    ),
  restricted: z.boolean().describe('whether only its readers may see it, see /libraries/{id}/readers'),
};
const listedLibrary = answerSchema('Library', z.strictObject(library));
const shownLibrary = answerSchema(
  'LibraryWithCounts',
  z.strictObject({
    ...library,
    books: z.strictObject({
      present: z.int().min(0),
      missing: z.int().min(0).describe('not seen by the last complete scan'),
      hashed: z.int().min(0),
      failed: z.int().min(0).describe('could not be hashed in their present state'),
      ready: z.int().min(0).describe('that a reader finds by the file as it is now'),
    }),
    metadata: z
      .strictObject({
        state: z
          .enum(['running', 'completed', 'stopped'])
          .describe('stopped: it did not come to its end; the next one goes on'),
        examined: z.int().min(0).describe('books that were looked at'),
        read: z.int().min(0).describe('EPUBs that were read: new ones, and those that have changed'),
        failed: z.int().min(0).describe('of those, no EPUBs, or broken ones'),
        started_at: time,
        finished_at: time.nullable(),
      })
      .nullable()
      .describe('the last reading of titles and authors, which follows scans; null: there was none'),
  }),
);
const libraries = pageSchema('LibraryPage', listedLibrary);

const extensions = z
  .array(text(16))
  .min(1)
  .max(100)
  .nullable()
  .describe('such as ["epub", "fb2.zip"]; null: all that KOReader opens');
const ignorePatterns = z.array(text(500)).max(100);
const root = text(4096).regex(/^\//, 'has to be an absolute path').describe('an absolute path on the server');
const newLibrary = requestSchema(
  'NewLibrary',
  z.strictObject({
    name: text(200),
    root,
    extensions: extensions.default(null),
    koreader_hashes: z.boolean().default(true),
    skip_system: z.boolean().default(true),
    ignore_patterns: ignorePatterns.default([]),
    follow_links: z.boolean().default(false),
    restricted: z.boolean().default(false),
  }),
);
const libraryChange = requestSchema(
  'LibraryChange',
  z
    .strictObject({
      name: text(200),
      root: root.describe('the new path of a folder that was moved; books keep their digests and progress'),
      extensions,
      koreader_hashes: z.boolean(),
      skip_system: z.boolean(),
      ignore_patterns: ignorePatterns,
      follow_links: z.boolean(),
      restricted: z.boolean(),
    })
    .partial(),
);

const reader = answerSchema('LibraryReader', z.strictObject({ user_id: id, name: z.string() }));
const readers = pageSchema('LibraryReaderPage', reader);

const removal = answerSchema(
  'Removal',
  z.strictObject({
    books: z.int().min(0),
    digests: z
      .int()
      .min(0)
      .describe(
        'digests, former ones included, by which no book is found afterwards: devices that send them get 404 until a ' +
          'scan finds a book of the same content',
      ),
    links: z
      .int()
      .min(0)
      .describe('links of documents to these books, which wait for a book of the same content too'),
  }),
);
const purge = requestSchema(
  'Purge',
  z.strictObject({
    missing_for_days: z.int().min(0).max(36_500).default(90).describe('0: all missing books'),
    dry_run: z.boolean().default(false).describe('only count'),
  }),
);

/** Of a library that was just added: the first scan finds its books. */
const NO_BOOKS = { books: 0, missing: 0, hashed: 0, failed: 0, ready: 0 };

const params = z.object({ id: libraryIdText });
const readerParams = z.object({ id: libraryIdText, user_id: userIdText });

export const libraryRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'GET',
      path: '/libraries',
      operationId: 'listLibraries',
      tag: 'libraries',
      summary: 'List the libraries that the caller may see, by name',
      access: 'any key',
      query: z.object(pageQuery),
      reply: { kind: 'json', status: 200, schema: libraries, says: 'A page of libraries' },
    },
    async ({ store }, { principal, query }) => {
      const page = await listLibraries(store, principal, pageRequest(query, z.string()));
      return {
        value: {
          items: page.items.map((listed) => libraryJson(listed, principal)),
          next_cursor: nextCursor(page),
        },
      };
    },
  ),
  jsonRoute(
    {
      method: 'POST',
      path: '/libraries',
      operationId: 'addLibrary',
      tag: 'libraries',
      summary: 'Add a folder of the server as a library',
      description: 'This reads no files. Start a scan to find its books.',
      access: ['library:manage'],
      body: newLibrary,
      reply: {
        kind: 'json',
        status: 201,
        schema: shownLibrary,
        says: 'The library',
        location: true,
      },
      problems: ['library-exists', 'library-invalid', 'root-missing', 'root-not-a-folder'],
    },
    async ({ store, sync }, { principal, body }) => {
      const added = await addLibrary(store, {
        name: body.name,
        root: body.root,
        extensions: body.extensions ?? undefined,
        koreaderHashes: body.koreader_hashes,
        fileRules: {
          skipSystem: body.skip_system,
          ignorePatterns: body.ignore_patterns,
          followLinks: body.follow_links,
        },
        isRestricted: body.restricted,
      });
      sync.forgetLibraries();
      const details = {
        library: added,
        isRestricted: body.restricted,
        books: NO_BOOKS,
        metadataPass: undefined,
      };
      return { value: libraryDetailsJson(details, principal), location: `/libraries/${String(added.id)}` };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/libraries/{id}',
      operationId: 'showLibrary',
      tag: 'libraries',
      summary: 'Show a library with its numbers of books',
      access: 'any key',
      params,
      reply: { kind: 'json', status: 200, schema: shownLibrary, says: 'The library' },
      problems: ['library-not-found'],
    },
    async ({ store }, { principal, params: { id: libraryId } }) => ({
      value: libraryDetailsJson(await getLibraryDetails(store, principal, libraryId), principal),
    }),
  ),
  jsonRoute(
    {
      method: 'PATCH',
      path: '/libraries/{id}',
      operationId: 'changeLibrary',
      tag: 'libraries',
      summary: 'Change a library; fields that are left out stay',
      description: 'The next scan acts on a new root, on new extensions and on what is to be left out.',
      access: ['library:manage'],
      params,
      body: libraryChange,
      reply: { kind: 'json', status: 200, schema: shownLibrary, says: 'The library' },
      problems: [
        'library-not-found',
        'library-exists',
        'library-invalid',
        'root-missing',
        'root-not-a-folder',
      ],
    },
    async ({ store, sync }, { principal, params: { id: libraryId }, body }) => {
      const changed = await changeCountedLibrary(store, principal, libraryId, {
        name: body.name,
        root: body.root,
        extensions: body.extensions === null ? ['default'] : body.extensions,
        koreaderHashes: body.koreader_hashes,
        fileRules: {
          ...(body.skip_system === undefined ? {} : { skipSystem: body.skip_system }),
          ...(body.ignore_patterns === undefined ? {} : { ignorePatterns: body.ignore_patterns }),
          ...(body.follow_links === undefined ? {} : { followLinks: body.follow_links }),
        },
        isRestricted: body.restricted,
      });
      sync.forgetLibraries();
      return { value: libraryDetailsJson(changed, principal) };
    },
  ),
  jsonRoute(
    {
      method: 'DELETE',
      path: '/libraries/{id}',
      operationId: 'removeLibrary',
      tag: 'libraries',
      summary: 'Remove a library and its books from the database; no file is touched, and progress stays',
      access: ['library:manage'],
      params,
      reply: { kind: 'json', status: 200, schema: removal, says: 'What was removed with it' },
      problems: ['library-not-found', 'scan-running'],
    },
    async ({ store, sync }, { principal, params: { id: libraryId } }) => {
      const counts = await countLibraryRemoval(store, principal, libraryId);
      await removeLibrary(store, principal, libraryId);
      sync.forgetLibraries();
      return { value: counts };
    },
  ),
  jsonRoute(
    {
      method: 'POST',
      path: '/libraries/{id}/purge',
      operationId: 'purgeLibrary',
      tag: 'libraries',
      summary: 'Remove books that have long been missing, with their digests; progress stays',
      access: ['library:manage'],
      params,
      body: purge,
      reply: { kind: 'json', status: 200, schema: removal, says: 'What was removed, or would be' },
      problems: ['library-not-found'],
    },
    async ({ store, sync }, { principal, params: { id: libraryId }, body }) => {
      const value = await purgeLibrary(store, principal, libraryId, {
        missingForDays: body.missing_for_days,
        isDryRun: body.dry_run,
      });
      if (!body.dry_run) sync.forgetLibraries();
      return { value };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/libraries/{id}/readers',
      operationId: 'listLibraryReaders',
      tag: 'libraries',
      summary: 'List the users who may see the library while it is restricted',
      access: ['library:manage'],
      params,
      query: z.object(pageQuery),
      reply: { kind: 'json', status: 200, schema: readers, says: 'A page of users, by name' },
      problems: ['library-not-found'],
    },
    async ({ store }, { principal, params: { id: libraryId }, query }) => {
      const page = await listReaders(store, principal, libraryId, pageRequest(query, z.string()));
      return {
        value: {
          items: page.items.map((user) => ({ user_id: user.id, name: user.name })),
          next_cursor: nextCursor(page),
        },
      };
    },
  ),
  emptyRoute(
    {
      method: 'PUT',
      path: '/libraries/{id}/readers/{user_id}',
      operationId: 'addLibraryReader',
      tag: 'libraries',
      summary: 'Let a user see the library while it is restricted',
      access: ['library:manage'],
      params: readerParams,
      reply: { kind: 'empty', says: 'The user may see it' },
      problems: ['library-not-found', 'user-not-found'],
    },
    async ({ store, sync }, { principal, params: { id: libraryId, user_id: userId } }) => {
      await setReader(store, principal, libraryId, userId, true);
      sync.forgetLibraries();
    },
  ),
  emptyRoute(
    {
      method: 'DELETE',
      path: '/libraries/{id}/readers/{user_id}',
      operationId: 'removeLibraryReader',
      tag: 'libraries',
      summary: 'Let a user no longer see the library while it is restricted',
      access: ['library:manage'],
      params: readerParams,
      reply: { kind: 'empty', says: 'The user may not see it' },
      problems: ['library-not-found'],
    },
    async ({ store, sync }, { principal, params: { id: libraryId, user_id: userId } }) => {
      await setReader(store, principal, libraryId, userId, false);
      sync.forgetLibraries();
    },
  ),
];

/** Hides the path on the server from callers who only read. */
function libraryJson(
  {
    library: { id: libraryId, name, root: folder, extensions: only, koreaderHashes, fileRules },
    isRestricted,
  }: LibrarySummary,
  { permissions }: Principal,
): z.input<typeof listedLibrary> {
  const seesRoot = permissions.has('library:manage') || permissions.has('library:scan');
  return {
    id: libraryId,
    name,
    root: seesRoot ? pathJson(folder) : null,
    extensions: only === undefined ? null : [...only],
    koreader_hashes: koreaderHashes,
    skip_system: fileRules.skipSystem,
    ignore_patterns: [...fileRules.ignorePatterns],
    follow_links: fileRules.followLinks,
    restricted: isRestricted,
  };
}

function libraryDetailsJson(shown: LibraryDetails, principal: Principal): z.input<typeof shownLibrary> {
  const { books, missing, hashed, failed, ready } = shown.books;
  const { metadataPass: pass } = shown;
  return {
    ...libraryJson(shown, principal),
    books: { present: books - missing, missing, hashed, failed, ready },
    metadata:
      pass === undefined
        ? null
        : {
            state: pass.state,
            examined: pass.examined,
            read: pass.read,
            failed: pass.failed,
            started_at: timeOfMs(pass.startedMs),
            finished_at: timeOfMs(pass.finishedMs),
          },
  };
}
