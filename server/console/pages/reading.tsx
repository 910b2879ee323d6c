import './reading.css';
import { useSignal } from '@preact/signals';
import { get, type Reply } from '../api.js';
import { PAGE_ITEMS } from '../parts/all-pages.js';
import { Bar } from '../parts/bar.jsx';
import { Cover } from '../parts/cover.jsx';
import { counted, percent } from '../parts/format.js';
import { MoreButton } from '../parts/more-button.jsx';
import { usePagedList } from '../parts/paged-list.js';
import { Empty, Pending, Problem } from '../parts/problem.jsx';
import { ReadLink } from '../parts/read-link.jsx';
import { deviceTitle, documentTitle } from '../parts/reader-names.js';
import { Ago } from '../parts/time.jsx';
import { type ChosenUser, useChosenUser, UserChoice } from '../parts/user-choice.jsx';
import { VirtualList } from '../parts/virtual-list.jsx';
import { documentHref, hrefOf } from '../router.js';
import { may, useMe } from '../session.js';

type Item = Reply<'/progress', 'get'>['items'][number];
type HouseholdItem = Reply<'/reading', 'get'>['items'][number];

const ROW_PX = 96;
/** Books that are shown of each user of the household. */
const BOOKS_A_USER = 4;

/** What somebody reads, or everybody. */
export function Reading() {
  const user = useChosenUser();
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Reading</h1>
          <p>The book that was read last comes first.</p>
        </div>
        <UserChoice chosen={user} label="Read by" withEverybody />
      </header>
      {user.isEverybody ? <Household /> : <Books user={user} />}
    </>
  );
}

function Books({ user }: { readonly user: ChosenUser }) {
  const me = useMe();
  const unmatched = useSignal(0);
  const list = usePagedList(
    `reading ${String(user.id)}`,
    async (cursor, signal) => {
      const page = await get('/progress', { query: { user_id: user.id, cursor }, signal });
      unmatched.value = (cursor === undefined ? 0 : unmatched.value) + page.unmatched;
      return page;
    },
    ['progress', 'devices'],
  );
  return (
    <>
      {list.error === undefined ? <Problem error={user.error} /> : null}
      <VirtualList
        list={list}
        label="Books by last push"
        rowPx={ROW_PX}
        keyOf={(item) => item.document}
        row={(item) => <ReadingRow item={item} search={user.search} />}
        empty={
          user.id === undefined ? (
            <Empty says="Nothing read yet. Books appear here once a reader has synced.">
              {may(me, 'feature:koreader_sync') ? (
                <a class="button main" href={hrefOf('koreader')}>
                  Set up KOReader
                </a>
              ) : null}
            </Empty>
          ) : (
            <Empty says="Nothing read yet in the libraries that you may see." />
          )
        }
      />
      <Unmatched documents={unmatched.value} hasMore={list.hasMore} />
    </>
  );
}

function ReadingRow({ item, search }: { readonly item: Item; readonly search: string }) {
  const title = documentTitle(item);
  return (
    <div class="reading">
      <Cover book={item.book} />
      <div>
        <div class="line tight middle">
          <a class="cut" href={documentHref(item.document, search)}>
            {title}
          </a>
          {search === '' ? <ReadLink book={item.book} says="Continue" title={title} /> : null}
        </div>
        <Bar fraction={item.percentage} label={`Read of ${title}`} />
        <p class="cut faint small">
          {percent(item.percentage)} · <Ago time={item.pushed_at} /> · {deviceTitle(item.device)}
          {item.devices > 1 ? ` · ${counted(item.devices, 'device')}` : ''}
          {item.book === null ? ' · in no library' : ''}
        </p>
      </div>
    </div>
  );
}

function Household() {
  const unmatched = useSignal(0);
  const list = usePagedList(
    'household',
    async (cursor, signal) => {
      const page = await get('/reading', { query: { cursor, limit: PAGE_ITEMS }, signal });
      const documents = page.unmatched.reduce((sum, user) => sum + user.documents, 0);
      unmatched.value = (cursor === undefined ? 0 : unmatched.value) + documents;
      return page;
    },
    ['progress', 'devices', 'users'],
  );
  const { items, error } = list;
  if (items === undefined) return <Pending error={error} />;
  if (items.length === 0 && unmatched.value === 0) return <Empty says="Nobody has read anything yet." />;
  const readers = new Map<number, HouseholdItem[]>();
  for (const item of items) readers.set(item.user.id, [...(readers.get(item.user.id) ?? []), item]);
  return (
    <div class="stack">
      <div class="grid">
        {[...readers].map(([id, books]) => (
          <ReaderCard key={id} books={books} />
        ))}
      </div>
      <MoreButton list={list} />
      <Unmatched documents={unmatched.value} hasMore={list.hasMore} />
    </div>
  );
}

interface UnmatchedProps {
  readonly documents: number;
  readonly hasMore: boolean;
}

/** What others read outside of the libraries that the viewer may see is a number and nothing else. */
export function Unmatched({ documents, hasMore }: UnmatchedProps) {
  if (documents === 0) return null;
  return (
    <p class="faint small">
      {hasMore ? 'At least ' : ''}
      {counted(documents, 'document')} of others in no library that you may see.
    </p>
  );
}

/** @param books of one user, the last read first */
function ReaderCard({ books }: { readonly books: readonly HouseholdItem[] }) {
  const me = useMe();
  const [first] = books;
  if (first === undefined) return null;
  const { user } = first;
  const search = user.id === me.user_id ? '' : `?user=${String(user.id)}`;
  return (
    <section class="sheet reader">
      <h2>{user.name}</h2>
      <ul class="stack">
        {books.slice(0, BOOKS_A_USER).map((item) => (
          <li key={item.document}>
            <ReadingRow item={item} search={search} />
          </li>
        ))}
      </ul>
      <p>
        <a href={hrefOf(`reading${search}`)}>All that {user.name} reads</a>
      </p>
    </section>
  );
}
