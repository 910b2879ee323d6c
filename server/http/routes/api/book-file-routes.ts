import { z } from 'zod';
import { MOST_COVER_BYTES, readBookCover } from '../../../book/book-cover.js';
import { findBookFile, getBookFile, readBookFile } from '../../../book/book-file.js';
import { bookIdText, countText } from '../../api-fields.js';
import { type ApiRoute, fileRoute } from '../../api-route.js';
import { coverAnswer, downloadAnswer } from '../../download-answer.js';

export const bookFileRoutes: readonly ApiRoute[] = [
  fileRoute(
    {
      method: 'GET',
      path: '/books/{id}/file',
      operationId: 'downloadBook',
      tag: 'books',
      summary: 'Download the file of a book',
      description:
        'The bytes are those that were hashed, or the answer is book-changed. Range with one range, If-Range with the ETag ' +
        'and If-None-Match are understood. Whatever the file is, a browser runs nothing of it.',
      access: ['file:download'],
      params: z.object({ id: bookIdText }),
      reply: { kind: 'file', contentType: '*/*', ranges: true, says: 'The file' },
      problems: [
        'book-not-found',
        'book-missing',
        'book-changed',
        'book-unreadable',
        'range-unsatisfiable',
        'storage-slow',
        'downloads-at-limit',
      ],
    },
    async (management, { principal, findAgain, params: { id }, request }) => {
      const file = await getBookFile(management, principal, id);
      return downloadAnswer(request, {
        file,
        userId: principal.userId,
        downloads: management.downloads,
        read: (piece) => readBookFile(management, principal, file, piece),
        requireAccess: async () => getBookFile(management, await findAgain(), id),
      });
    },
  ),
  fileRoute(
    {
      method: 'GET',
      path: '/books/{id}/cover',
      operationId: 'showCover',
      tag: 'books',
      summary: 'Show the cover of a book',
      description:
        'The cover that an EPUB names, or the first page of a comic (cbz), as it is in the file: JPEG, PNG, GIF or WebP of at ' +
        'most 4 MB.',
      access: ['file:download'],
      params: z.object({ id: bookIdText }),
      query: z.object({
        max_bytes: countText(MOST_COVER_BYTES)
          .default(MOST_COVER_BYTES)
          .describe('a larger picture counts as none: lists show many at once'),
      }),
      reply: {
        kind: 'file',
        contentType: 'image/*',
        ranges: false,
        says: 'The picture',
        none: 'The book has no cover that browsers show safely, or its file is missing, has changed or cannot be read now',
      },
      problems: ['book-not-found', 'downloads-at-limit'],
    },
    async (management, { principal, params: { id }, query, request }) =>
      coverAnswer(request, {
        file: await findBookFile(management, principal, id),
        userId: principal.userId,
        downloads: management.downloads,
        find: (file) => readBookCover(management, principal, file, query.max_bytes),
      }),
  ),
];
