import type { Reply } from '../api.js';

export type BookDetails = Reply<'/books/{id}', 'get'>;
type Sync = BookDetails['sync'];

/** Beside a book in a list. */
export function BookTag({ sync }: { readonly sync: Sync }) {
  switch (sync.reason) {
    case null:
      return <span class="small good">Ready</span>;
    case 'missing':
      return <span class="tag warning">Missing</span>;
    case 'hash-failed':
      return <span class="tag bad">Failed</span>;
    case 'hashes-off':
    case 'not-hashed':
      return <span class="tag warning">No hashes</span>;
    default:
      return sync.reason satisfies never;
  }
}

const FAILURES: Readonly<Record<string, string>> = {
  unreadable: 'Dogear has no permission to read it',
  'not-regular': 'it is no regular file',
  'link-loop': 'its links lead in a circle',
  'path-too-long': 'its path is too long',
  'io-error': 'the disk or the network failed',
  'changed-while-read': 'it changed while it was read',
};

/** Whether a reader that opens the file finds the book, and what to do if not. */
export function syncWords(sync: Sync): readonly [says: string, whatToDo: string] {
  switch (sync.reason) {
    case null:
      return ['Ready to sync', 'A reader that opens this file finds the book.'];
    case 'missing':
      return [
        'Missing',
        'The last complete scan did not find the file. When it is back, scan again. Everybody’s places are kept.',
      ];
    case 'hash-failed':
      return [
        'Not ready: the file could not be read',
        `The reason: ${FAILURES[sync.failure ?? ''] ?? sync.failure ?? 'unknown'}. Mend that, then recalculate.`,
      ];
    case 'hashes-off':
      return [
        'Not ready: no hashes',
        'KOReader hashes are off for its library. Switch them on there, then scan.',
      ];
    case 'not-hashed':
      return ['Not ready: not hashed yet', 'Scan the library, or recalculate.'];
    default:
      return sync.reason satisfies never;
  }
}
