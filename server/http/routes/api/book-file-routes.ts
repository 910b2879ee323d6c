import { z } from 'zod';
import { getBookFile, readBookFile } from '../../../book/book-file.js';
import { bookIdText } from '../../api-fields.js';
import { type ApiRoute, fileRoute } from '../../api-route.js';
import { downloadAnswer } from '../../download-answer.js';

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
    async (management, { principal, params: { id }, request }) => {
      const file = await getBookFile(management, principal, id);
      return downloadAnswer(request, {
        file,
        userId: principal.userId,
        downloads: management.downloads,
        read: (offset, bytes) => readBookFile(management, principal, file, offset, bytes),
      });
    },
  ),
];
