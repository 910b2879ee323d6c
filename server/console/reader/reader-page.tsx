import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, get, type Reply } from '../api.js';
import { API, BASE } from '../base-path.js';
import { bookLines } from '../parts/book-search.js';
import { count } from '../parts/format.js';
import { splitPath } from '../parts/path.js';
import { Loading, Problem } from '../parts/problem.jsx';
import { ComicReader } from './comic-reader.jsx';
import { EpubReader } from './epub-reader.jsx';
import { type KnownPlace, newestPlace } from './known-place.js';
import { PdfPage } from './pdf-page.jsx';
import { openPicturePages, type PicturePages } from './picture-pages.js';
import { ReaderError, readerErrorOf } from './reader-error.js';
import { RemoteFile } from './remote-file.js';
import { RetryButton } from './retry-button.jsx';
import { ZipArchive } from './zip-archive.js';

export type Book = Reply<'/books/{id}', 'get'>;
export type Me = Reply<'/me', 'get'>;

type State =
  /** With how many files of an archive were found until now. */
  | { readonly state: 'loading'; readonly files: number }
  | ({ readonly state: 'failed' } & Failure)
  | { readonly state: 'open'; readonly opened: OpenedBook; readonly content: Content };

interface Failure {
  readonly error: ApiError | ReaderError;
  /** What was loaded before. */
  readonly me: Me | undefined;
  readonly book: Book | undefined;
}

type Content =
  | { readonly kind: 'epub'; readonly archive: ZipArchive }
  | { readonly kind: 'comic'; readonly pages: PicturePages }
  | { readonly kind: 'pdf' };

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
  const state = useSignal<State>(LOADING);
  const load = (): void => {
    state.value = LOADING;
    const onFound = (files: number): void => {
      if (files % TOLD_FILES === 0) state.value = { state: 'loading', files };
    };
    void open(bookId, onFound).then((next) => (state.value = next));
  };
  useEffect(load, [bookId]);
  const current = state.value;
  switch (current.state) {
    case 'loading':
      return current.files === 0 ? (
        <Loading />
      ) : (
        <p class="loading" role="status">
          Reading the list of pages: {count(current.files)} until now…
        </p>
      );
    case 'failed':
      return <Failed {...current} bookId={bookId} onRetry={load} />;
    case 'open':
      return <OpenBook opened={current.opened} content={current.content} />;
    default:
      return current satisfies never;
  }
}

const LOADING: State = { state: 'loading', files: 0 };
/** A comic in a TAR has one request a page, and people want to see that it goes on. */
const TOLD_FILES = 10;

function OpenBook({ opened, content }: { readonly opened: OpenedBook; readonly content: Content }) {
  switch (content.kind) {
    case 'epub':
      return <EpubReader opened={opened} archive={content.archive} />;
    case 'comic':
      return <ComicReader opened={opened} pages={content.pages} />;
    case 'pdf':
      return <PdfPage opened={opened} />;
    default:
      return content satisfies never;
  }
}

async function open(bookId: string, onFound: (files: number) => void): Promise<State> {
  let me: Me | undefined;
  let book: Book | undefined;
  try {
    me = await get('/me');
    book = await get('/books/{id}', { params: { id: bookId } });
    const { title } = bookLines(book);
    document.title = `${title} · Dogear`;
    const address = `${API}/books/${bookId}/file`;
    const key = book.partial_md5 ?? book.filename_md5 ?? undefined;
    const [content, place] = await Promise.all([
      openContent(splitPath(book.path).name, new RemoteFile(address, book.size_bytes), onFound),
      key === undefined ? undefined : newestPlace(key),
    ]);
    return { state: 'open', content, opened: { book, me, title, address, document: key, place } };
  } catch (error) {
    return { state: 'failed', error: error instanceof ApiError ? error : readerErrorOf(error), me, book };
  }
}

async function openContent(
  name: string,
  file: RemoteFile,
  onFound: (files: number) => void,
): Promise<Content> {
  switch (name.slice(name.lastIndexOf('.') + 1).toLowerCase()) {
    case 'epub':
    case 'epub3':
      return { kind: 'epub', archive: await ZipArchive.open(file) };
    case 'cbz':
      return { kind: 'comic', pages: await openPicturePages(file, 'zip', onFound) };
    case 'cbt':
      return { kind: 'comic', pages: await openPicturePages(file, 'tar', onFound) };
    case 'pdf':
      return { kind: 'pdf' };
    default:
      throw new ReaderError('broken', 'Only EPUB, CBZ, CBT and PDF are shown in the browser.');
  }
}

interface FailedProps extends Failure {
  readonly bookId: string;
  readonly onRetry: () => void;
}

function Failed({ bookId, error, book, me, onRetry }: FailedProps) {
  const isSignedOut = error instanceof ApiError && error.status === 401;
  return (
    <main class="reader-failed stack">
      <h1>{book === undefined ? 'The book' : bookLines(book).title}</h1>
      <Problem error={isSignedOut ? { message: 'Nobody is signed in.' } : error}>
        <div class="buttons">
          {isSignedOut ? null : (
            <RetryButton
              bookId={bookId}
              failure={'failure' in error ? error.failure : undefined}
              me={me}
              onRetry={onRetry}
            />
          )}
          <a class="button" href={`${BASE}/ui/books/${bookId}`}>
            {isSignedOut ? 'Sign in' : 'To the page of the book'}
          </a>
        </div>
      </Problem>
    </main>
  );
}
