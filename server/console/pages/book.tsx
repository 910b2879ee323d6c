import { Fragment } from 'preact';
import { get, post, type Reply } from '../api.js';
import type { PageProps } from '../pages.jsx';
import { useAction } from '../parts/action.jsx';
import { Bar } from '../parts/bar.jsx';
import { bookLines } from '../parts/book-search.js';
import { Cover } from '../parts/cover.jsx';
import { CopyField } from '../parts/copy-field.jsx';
import { bytes, count, counted, day, moment, percent } from '../parts/format.js';
import { MoreButton } from '../parts/more-button.jsx';
import { useTitle } from '../parts/page-title.js';
import { type PagedList, usePagedList } from '../parts/paged-list.js';
import { shownPath, shownText } from '../parts/path.js';
import { Loading, Pending, Problem } from '../parts/problem.jsx';
import { ReadLink } from '../parts/read-link.jsx';
import { deviceTitle } from '../parts/reader-names.js';
import { useResource } from '../parts/resource.js';
import { Ago } from '../parts/time.jsx';
import { say } from '../parts/toast.jsx';
import { Why } from '../parts/why.jsx';
import { documentHref, hrefOf } from '../router.js';
import { may, useMe } from '../session.js';
import { BookLinks } from './book-links.jsx';
import { Successors } from './book-successors.jsx';
import { type BookDetails, syncWords } from './book-words.jsx';
import './books.css';

type ReadingOfBook = Reply<'/books/{id}/reading', 'get'>;

/** One book: whether readers find it, by which digests, and who reads it. */
export function BookPage({ params: [id = ''] }: PageProps) {
  const me = useMe();
  const syncs = may(me, 'feature:koreader_sync');
  const found = useResource(id, (signal) => get('/books/{id}', { params: { id }, signal }), ['libraries']);
  const libraryId = found.value?.library_id;
  const library = useResource(String(libraryId), async (signal) =>
    libraryId === undefined ? undefined : get('/libraries/{id}', { params: { id: libraryId }, signal }),
  );
  const book = found.value;
  const name = book && bookLines(book).title;
  useTitle(name);
  if (book === undefined || found.error?.status === 404) {
    return (
      <Pending error={found.error}>
        <a href={hrefOf('books')}>All books</a>
      </Pending>
    );
  }
  const { series, series_index: index } = book;
  const facts: readonly (readonly [string, string | null])[] = [
    ['Series', series === null || index === null ? series : `${series}, ${count(index)}`],
    ['Language', book.language],
    ['Identifier', book.identifier],
  ];
  return (
    <div class="stack">
      <header class="page-head">
        <Cover book={book} />
        <div>
          <p>
            <a href={hrefOf('books')}>Books</a> ›{' '}
            <a href={hrefOf(`libraries/${String(book.library_id)}`)}>
              {shownText(library.value?.name ?? 'its library')}
            </a>
          </p>
          <h1>{name}</h1>
          {book.authors.length === 0 ? null : <p>{shownText(book.authors.join(', '))}</p>}
        </div>
        <ReadLink book={book} says="Read" />
      </header>
      <Problem error={found.error ?? library.error} />
      <Readiness book={book} onHashed={found.reload} canScan={may(me, 'library:scan')} />
      {book.missing_since === null ? null : (
        <Successors
          bookId={book.id}
          isTold={(found.error ?? library.error) !== undefined}
          onJoined={found.reload}
        />
      )}
      <Digests book={book} syncs={syncs} />
      <LinksAndReading bookId={book.id} isTold={(found.error ?? library.error) !== undefined} />
      <section class="sheet">
        <h2>The file</h2>
        <dl class="facts">
          {facts.map(
            ([what, text]) =>
              text !== null && (
                <Fragment key={what}>
                  <dt>{what}</dt>
                  <dd>{shownText(text)}</dd>
                </Fragment>
              ),
          )}
          <dt>Path</dt>
          <dd>{shownPath(book.path)}</dd>
          <dt>Size</dt>
          <dd>{bytes(book.size_bytes)}</dd>
          <dt>Changed</dt>
          <dd>{book.modified_at === null ? 'unknown' : moment(book.modified_at)}</dd>
          <dt>Hashed</dt>
          <dd>{book.hashed_at === null ? 'not as it is now' : moment(book.hashed_at)}</dd>
        </dl>
      </section>
    </div>
  );
}

interface ReadinessProps {
  readonly book: BookDetails;
  readonly canScan: boolean;
  readonly onHashed: () => void;
}

function Readiness({ book, canScan, onHashed }: ReadinessProps) {
  const [says, whatToDo] = syncWords(book.sync);
  const action = useAction();
  const recalculate = async (): Promise<void> => {
    const now = await post('/books/{id}/hash', { params: { id: book.id }, body: {} });
    const isSame = now.partial_md5 === book.partial_md5 && now.filename_md5 === book.filename_md5;
    say(isSame ? 'Recalculated: the digests are the same.' : 'Recalculated: the digests have changed.');
  };
  const tone = book.sync.ready ? 'good' : book.sync.reason === 'hash-failed' ? 'bad' : 'warning';
  return (
    <section class="sheet">
      <h2 class={tone}>{says}</h2>
      <p>
        {whatToDo}
        {book.missing_since === null ? null : (
          <>
            {' '}
            Missing since <Ago time={book.missing_since} />.
          </>
        )}
      </p>
      {action.error === undefined ? null : (
        <Problem
          error={
            action.error.code === 'hash-failed'
              ? { message: `The file was not hashed: ${action.error.message}.` }
              : action.error
          }
        />
      )}
      {canScan && book.sync.reason !== 'hashes-off' ? (
        <div class="buttons">
          <button
            type="button"
            aria-disabled={action.isRunning}
            // A failure is kept with the book, too.
            onClick={() => void action.run(recalculate).then(onHashed)}
          >
            {action.isRunning ? 'Reading the file…' : 'Recalculate the digests'}
          </button>
        </div>
      ) : null}
    </section>
  );
}

/** Where devices have such a name from. */
const NAME_FORMS: Readonly<Record<BookDetails['name_forms'][number]['origin'], string>> = {
  nfc: 'accents and letters as one, as most systems write them',
  nfd: 'accents apart from their letters, as macOS writes them',
  koreader: 'downloaded by KOReader to a memory card',
  calibre: 'saved by Calibre',
  ascii: 'saved by Calibre without accents',
  kepub: 'with another of Kobo’s extensions',
  opds: 'downloaded from a catalogue, by author and title',
};

interface DigestsProps {
  readonly book: BookDetails;
  readonly syncs: boolean;
}

function Digests({ book, syncs }: DigestsProps) {
  const { partial_md5: partial, filename_md5: filename, former_digests: former, name_forms: forms } = book;
  return (
    <section class="sheet">
      <h2>Digests</h2>
      {partial === null && filename === null ? <p class="faint">None yet.</p> : null}
      {partial === null ? null : <CopyField label="Of the content (partial MD5)" value={partial} />}
      {partial === null || !syncs ? null : (
        <Why document={partial} asks="What Dogear knows of the content’s digest" />
      )}
      {filename === null ? null : <CopyField label="Of the file name (filename MD5)" value={filename} />}
      {filename === null || !syncs ? null : (
        <Why document={filename} asks="What Dogear knows of the file name’s digest" />
      )}
      {former.length === 0 ? null : (
        <details>
          <summary>{counted(former.length, 'former digest')}, by which readers still find this book</summary>
          <ul class="lined">
            {former.map(({ kind, digest, replaced_at: replaced }) => (
              <li key={`${kind}${digest}`} class="line">
                <span class="digest">{digest}</span>
                <span class="small faint">
                  {kind === 'partial' ? 'content' : 'file name'}, until {day(replaced)}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {forms.length === 0 ? null : (
        <details>
          <summary>
            {counted(forms.length, 'other form')} of the file name, by which readers find this book too
          </summary>
          <ul class="lined">
            {forms.map(({ origin, digest }) => (
              <li key={digest} class="line">
                <span class="digest">{digest}</span>
                <span class="small faint">{NAME_FORMS[origin]}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

interface LinksAndReadingProps {
  readonly bookId: number;
  /** Whether the page says already that something could not be loaded: mostly it is the same. */
  readonly isTold: boolean;
}

/** What changes with pushes. What goes wrong with it is said once. */
function LinksAndReading({ bookId: id, isTold }: LinksAndReadingProps) {
  const me = useMe();
  const links = useResource(
    `links ${String(id)}`,
    (signal) => get('/books/{id}/documents', { params: { id }, signal }),
    ['progress'],
  );
  const seesReading = may(me, 'feature:koreader_sync') || may(me, 'user:manage');
  const reading = usePagedList(
    `reading ${String(id)} ${String(seesReading)}`,
    async (cursor, signal): Promise<ReadingOfBook> =>
      seesReading
        ? get('/books/{id}/reading', { params: { id }, query: { cursor }, signal })
        : { items: [], next_cursor: null },
    ['progress', 'devices'],
  );
  return (
    <>
      <Problem error={isTold ? undefined : (links.error ?? reading.error)} />
      <BookLinks bookId={id} links={links} />
      {seesReading ? <Reading list={reading} /> : null}
    </>
  );
}

/** Where each user is whom the viewer may see, by the device that pushed last. */
function Reading({ list }: { readonly list: PagedList<ReadingOfBook['items'][number]> }) {
  const me = useMe();
  const items = list.items?.toSorted((left, right) => right.pushed_at.localeCompare(left.pushed_at));
  return (
    <section class="sheet">
      <h2>Who reads it</h2>
      {items === undefined ? (
        <Loading unless={list.error} />
      ) : items.length === 0 && !list.hasMore ? (
        <p class="faint">
          {may(me, 'user:manage') ? 'Nobody has a place in it.' : 'You have no place in it.'}
        </p>
      ) : (
        <ul class="lined">
          {items.map(({ user, document, device, percentage, pushed_at: pushed }) => {
            const isSelf = user.id === me.user_id;
            const who = isSelf ? 'You' : user.name;
            const search = isSelf ? '' : `?user=${String(user.id)}`;
            return (
              <li key={user.id}>
                <p class="line">
                  <a href={documentHref(document, search)}>
                    <bdi>{who}</bdi>: {percent(percentage)}
                  </a>
                  <span class="small faint">
                    <bdi>{deviceTitle(device)}</bdi>, <Ago time={pushed} />
                  </span>
                </p>
                <Bar label={`Place of ${who}`} fraction={percentage} />
              </li>
            );
          })}
        </ul>
      )}
      <MoreButton list={{ ...list, error: undefined }} />
    </section>
  );
}
