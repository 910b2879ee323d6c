import type { Principal } from '../domain/principal.js';
import type { Progress, ProgressPush } from './progress.js';
import { SyncError } from '../domain/sync-error.js';
import type { PushClient } from '../batching/push-queue.js';
import { withinRequestDeadline } from '../batching/request-deadline.js';
import type { SyncStore } from './sync-store.js';
import type { UnmatchedWriter } from './unmatched-writer.js';

type PutStore = Pick<SyncStore, 'isKnown' | 'isCachedAsKnown' | 'claim' | 'pushes'>;

/** What happens to a push whose document is not a digest of a visible book: it is rejected, or stored all the same. */
export type UnknownDocuments = 'reject' | 'store';

export interface PutOptions {
  readonly unknownDocuments: UnknownDocuments;
  /** Arrival of the request, by `performance.now()`. Its deadline counts from then. */
  readonly sinceMs: number;
  /** Arrival in milliseconds since 1970. Pulls return it as the time of the push. */
  readonly pushedMs: number;
  /** A push whose client has left before its commit began is not stored. */
  readonly client?: PushClient;
}

/**
 * Stores the progress of one device in a document and resolves when it is committed. A later push of any device of the
 * user in the document replaces it as the newest.
 *
 * A push that is refused because no book has the document is kept for the list of such documents (list-unmatched.ts), and
 * so is one that is stored without a book.
 *
 * With claims, a document without a book is first linked to the book that they are about, for the user alone.
 *
 * When it is cached whether the document is known, which is nearly always so, the queue's promise is returned without
 * another one around it.
 *
 * @throws SyncError, or rejects with it: `document-unknown` when unknown documents are rejected; `overloaded` at once
 *   when too many pushes wait; `unavailable` at the request's deadline; `refused` when the database refuses the row
 */
export function putProgress(
  sync: PutStore & {
    readonly unmatched?: UnmatchedWriter | undefined;
  },
  principal: Principal,
  { document, position, percentage, device, metadataJson, claims }: Progress,
  { unknownDocuments, sinceMs, pushedMs, client }: PutOptions,
): Promise<void> {
  const { userId } = principal;
  const push = { userId, document, position, percentage, device, metadataJson, pushedMs };
  if (claims !== undefined && claims.length > 0 && !sync.isCachedAsKnown(userId, document)) {
    return withinRequestDeadline(sync.claim(principal, document, claims), sinceMs).then(() =>
      putProgress(
        sync,
        principal,
        { document, position, percentage, device, metadataJson },
        { unknownDocuments, sinceMs, pushedMs, ...(client === undefined ? {} : { client }) },
      ),
    );
  }
  if (unknownDocuments === 'store') {
    // Whether it has a book is looked up later, together with others: the push does not wait for it.
    if (!sync.isCachedAsKnown(userId, document)) sync.unmatched?.noteStored(push);
    return sync.pushes.push(push, sinceMs, client);
  }
  const known = sync.isKnown(userId, document, sinceMs);
  if (known === true) return sync.pushes.push(push, sinceMs, client);
  if (known === false) throw unknownDocument(push, sync.unmatched);
  return known.then((isKnown) => {
    if (!isKnown) throw unknownDocument(push, sync.unmatched);
    return sync.pushes.push(push, sinceMs, client);
  });
}

function unknownDocument(push: ProgressPush, unmatched: UnmatchedWriter | undefined): SyncError {
  unmatched?.note(push);
  return new SyncError('document-unknown', 'No book in a library that this user may see has this digest.');
}
