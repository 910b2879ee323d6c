import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { get } from '../api.js';
import { changes } from '../live/live.js';
import { allPages, PAGE_ITEMS } from '../parts/all-pages.js';
import { bookLines, type FoundBook, isDigest, useBookSearch } from '../parts/book-search.js';
import { Cover } from '../parts/cover.jsx';
import { TextField } from '../parts/field.jsx';
import { bytes, counted } from '../parts/format.js';
import { shownText } from '../parts/path.js';
import { Empty, Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';
import { VirtualList } from '../parts/virtual-list.jsx';
import { WhySentences } from '../parts/why.jsx';
import { hrefOf, query, setQuery } from '../router.js';
import { may, useMe } from '../session.js';
import { BookTag } from './book-words.jsx';
import './books.css';

/** Pauses in typing are longer than this. */
const QUIET_MS = 250;
const ROW_PX = 64;

const STATES = [
  ['', 'All books'],
  ['ready', 'Ready to sync'],
  ['missing', 'Missing'],
  ['failed', 'Failed'],
  ['not-hashed', 'Without hashes'],
] as const;

/** The books of all libraries, searched and filtered. What is searched for stands in the address. */
export function Books() {
  const syncs = may(useMe(), 'feature:koreader_sync');
  const asked = query.value;
  const q = (asked.get('q') ?? '').trim();
  const library = asked.get('library') ?? '';
  const state = STATES.find(([value]) => value === asked.get('state'))?.[0] ?? '';
  const shelf = useResource(
    'libraries',
    (signal) => allPages((cursor) => get('/libraries', { query: { cursor, limit: PAGE_ITEMS }, signal })),
    ['libraries'],
  );
  const libraries = shelf.value ?? [];
  const names = new Map(libraries.map((each) => [each.id, shownText(each.name)]));
  const list = useBookSearch(q, { library, state, limit: PAGE_ITEMS });
  const isFiltered = q !== '' || library !== '' || state !== '';
  return (
    <>
      <header class="page-head">
        <h1>Books</h1>
        <News isEmpty={list.items?.length === 0} reload={list.reload} />
      </header>
      <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
        <SearchField asked={q} />
        <Choice
          label="Library"
          value={library}
          options={[['', 'All libraries'], ...[...names].map(([id, name]) => [String(id), name] as const)]}
          onChoose={(value) => setQuery('library', value)}
        />
        <Choice label="State" value={state} options={STATES} onChoose={(value) => setQuery('state', value)} />
      </form>
      {list.error === undefined ? <Problem error={shelf.error} /> : null}
      <p class="found faint small" role="status">
        {list.items === undefined || list.items.length === 0
          ? ''
          : `${list.hasMore ? 'At least ' : ''}${counted(list.items.length, 'book')}`}
      </p>
      <VirtualList
        list={list}
        label="Books"
        rowPx={ROW_PX}
        keyOf={(book) => book.id}
        row={(book) => <Row book={book} library={names.get(book.library_id) ?? ''} />}
        empty={
          isFiltered ? (
            <Empty
              says={
                isDigest(q)
                  ? 'No book that you may see has or had this digest.'
                  : 'No book is like this. The search looks for each word in the title, the authors and the series, and in the path.'
              }
            >
              {isDigest(q) && syncs ? <WhySentences document={q.toLowerCase()} hasLinks /> : null}
              <a class="button" href={hrefOf('books')}>
                Show all books
              </a>
            </Empty>
          ) : (
            <Empty says="No book yet. A scan of a library finds them.">
              <a class="button main" href={hrefOf('libraries')}>
                To the libraries
              </a>
            </Empty>
          )
        }
      />
    </>
  );
}

/** Says that the list may be old: it does not change under the eyes of somebody who scrolls in it. */
function News({ isEmpty, reload }: { readonly isEmpty: boolean; readonly reload: () => void }) {
  const version = changes.value?.versions.libraries;
  const shown = useRef(version);
  shown.current ??= version;
  const turn = useSignal(0);
  const isOld = shown.current !== version;
  const show = (): void => {
    shown.current = version;
    turn.value += 1;
    reload();
  };
  useEffect(() => {
    if (isOld && isEmpty) show();
  }, [version, isEmpty]);
  if (!isOld) return null;
  return (
    <button type="button" onClick={show}>
      Books have changed: show them
    </button>
  );
}

/** Typing changes the address, in its pauses. */
function SearchField({ asked }: { readonly asked: string }) {
  const typed = useSignal(asked);
  const written = useRef(asked);
  const text = typed.value;
  useEffect(() => {
    if (asked === written.current) return;
    // The address has changed by other means than typing.
    written.current = asked;
    typed.value = asked;
  }, [asked]);
  useEffect(() => {
    if (text.trim() === written.current) return undefined;
    const timer = setTimeout(() => {
      written.current = text.trim();
      setQuery('q', text.trim());
    }, QUIET_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <TextField
      label="Search"
      type="search"
      value={typed}
      maxLength={200}
      autoComplete="off"
      autoCapitalize="none"
      spellcheck={false}
      placeholder="Words of the title or the path, or a digest"
    />
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, words: string])[];
  readonly onChoose: (value: string) => void;
}

function Choice({ label, value, options, onChoose }: ChoiceProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map(([each, words]) => (
          <option key={each} value={each} selected={each === value}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}

function Row({ book, library }: { readonly book: FoundBook; readonly library: string }) {
  const { title, by, where } = bookLines(book);
  return (
    <a class="book-row" href={hrefOf(`books/${String(book.id)}`)}>
      <Cover book={book} />
      <span class="cut">{title}</span>
      <BookTag sync={book.sync} />
      <span class="cut small faint">
        {[...by, [library, ...where].join(' › ')].join(' · ')}, {bytes(book.size_bytes)}
      </span>
    </a>
  );
}
