import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, get, post, type Reply } from '../api.js';
import { API, BASE } from '../base-path.js';
import { useAction } from '../parts/action.jsx';
import { bookLines } from '../parts/book-search.js';
import { Loading, Problem } from '../parts/problem.jsx';
import { EpubReader } from './epub-reader.jsx';
import { type KnownPlace, newestPlace } from './known-place.js';
import { type ReaderError, readerErrorOf } from './reader-error.js';
import { RemoteFile } from './remote-file.js';
import { ZipArchive } from './zip-archive.js';

export type Book = Reply<'/books/{id}', 'get'>;
export type Me = Reply<'/me', 'get'>;

type State =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly error: ApiError | ReaderError; readonly book: Book | undefined }
  | { readonly state: 'open'; readonly opened: OpenedBook; readonly archive: ZipArchive };

export interface OpenedBook {
  readonly book: Book;
  readonly me: Me;
  readonly title: string;
  /** Of the whole file. */
  readonly address: string;
  /** By what readers know the book: `undefined` when it has no digest, and places cannot be kept. */
  readonly document: string | undefined;
  readonly place: KnownPlace | undefined;
}

/** A book that is open in the browser. */
export function ReaderPage({ bookId }: { readonly bookId: string }) {
  const state = useSignal<State>({ state: 'loading' });
  const load = (): void => {
    state.value = { state: 'loading' };
    void open(bookId).then((next) => (state.value = next));
  };
  useEffect(load, [bookId]);
  const current = state.value;
  switch (current.state) {
    case 'loading':
      return <Loading />;
    case 'failed':
      return <Failed bookId={bookId} error={current.error} book={current.book} onRetry={load} />;
    case 'open':
      return <EpubReader opened={current.opened} archive={current.archive} />;
    default:
      return current satisfies never;
  }
}

async function open(bookId: string): Promise<State> {
  let book: Book | undefined;
  try {
    const me = await get('/me');
    book = await get('/books/{id}', { params: { id: bookId } });
    const { title } = bookLines(book);
    document.title = `${title} · Dogear`;
    const address = `${API}/books/${bookId}/file`;
    const key = book.partial_md5 ?? book.filename_md5 ?? undefined;
    const [archive, place] = await Promise.all([
      ZipArchive.open(new RemoteFile(address, book.size_bytes)),
      key === undefined ? undefined : newestPlace(key),
    ]);
    return { state: 'open', archive, opened: { book, me, title, address, document: key, place } };
  } catch (error) {
    return { state: 'failed', error: error instanceof ApiError ? error : readerErrorOf(error), book };
  }
}

interface FailedProps {
  readonly bookId: string;
  readonly error: ApiError | ReaderError;
  readonly book: Book | undefined;
  readonly onRetry: () => void;
}

function Failed({ bookId, error, book, onRetry }: FailedProps) {
  const hashing = useAction();
  const hasChanged = 'failure' in error && error.failure === 'changed';
  const isSignedOut = error instanceof ApiError && error.status === 401;
  return (
    <main class="reader-failed stack">
      <h1>{book === undefined ? 'The book' : bookLines(book).title}</h1>
      <Problem error={isSignedOut ? { message: 'Nobody is signed in.' } : error}>
        <div class="buttons">
          {hasChanged ? (
            <button
              type="button"
              class="main"
              aria-disabled={hashing.isRunning}
              onClick={() =>
                void hashing
                  .run(() => post('/books/{id}/hash', { params: { id: bookId }, body: {} }))
                  .then((isDone) => (isDone ? onRetry() : undefined))
              }
            >
              {hashing.isRunning ? 'Reading the file…' : 'Hash it again and open it'}
            </button>
          ) : isSignedOut ? null : (
            <button type="button" onClick={onRetry}>
              Try again
            </button>
          )}
          <a class="button" href={`${BASE}/ui/books/${bookId}`}>
            {isSignedOut ? 'Sign in' : 'To the page of the book'}
          </a>
        </div>
      </Problem>
      <Problem error={hashing.error} />
    </main>
  );
}
