import { get } from '../api.js';
import { changes } from '../live/live.js';
import { Bar } from '../parts/bar.jsx';
import { Dialog } from '../parts/dialog.jsx';
import { count, counted } from '../parts/format.js';
import { MoreButton } from '../parts/more-button.jsx';
import { usePagedList } from '../parts/paged-list.js';
import { Empty, Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';
import { ScanProgress } from '../parts/scan-progress.jsx';
import { ScanState } from '../parts/scan-words.jsx';
import { Ago } from '../parts/time.jsx';
import { say } from '../parts/toast.jsx';
import { Loading } from '../parts/virtual-list.jsx';
import { go, hrefOf, query, setQuery } from '../router.js';
import { may, useMe } from '../session.js';
import { AddLibrary, type LibraryDetails } from './library-form.jsx';
import './libraries.css';
import type { Reply } from '../api.js';

type Listed = Reply<'/libraries', 'get'>['items'][number];

/** All libraries, each with what one wants to know before one opens it. */
export function Libraries() {
  const canManage = may(useMe(), 'library:manage');
  const list = usePagedList(
    'libraries',
    (cursor, signal) => get('/libraries', { query: { cursor, limit: 100 }, signal }),
    ['libraries'],
  );
  const add = canManage ? (
    <button type="button" class="main" onClick={() => setQuery('do', 'add')}>
      Add a library
    </button>
  ) : null;
  return (
    <>
      <header class="page-head">
        <h1>Libraries</h1>
        {list.items?.length === 0 ? null : add}
      </header>
      {list.items === undefined ? (
        list.error === undefined && <Loading />
      ) : list.items.length === 0 ? (
        <Empty
          says={
            canManage
              ? 'No library yet. A library is a folder of books on the server.'
              : 'There is no library that you may see. Whoever manages this server can add one.'
          }
        >
          {add}
        </Empty>
      ) : (
        <ul class="grid">
          {list.items.map((library) => (
            <li key={library.id} class="sheet">
              <Card library={library} />
            </li>
          ))}
        </ul>
      )}
      <MoreButton list={list} />
      {canManage && query.value.get('do') === 'add' ? (
        <Dialog title="Add a library" onClose={() => setQuery('do', '')}>
          <AddLibrary
            onAdded={(added) => {
              say(`Added ${added.name}.`);
              go(`libraries/${String(added.id)}`, { replace: true });
            }}
          />
        </Dialog>
      ) : null}
    </>
  );
}

function Card({ library }: { readonly library: Listed }) {
  const { id, name } = library;
  const me = useMe();
  const seesScans = may(me, 'library:scan') || may(me, 'library:manage');
  const details = useResource(String(id), (signal) => get('/libraries/{id}', { params: { id }, signal }), [
    'libraries',
  ]);
  const last = useResource(
    `scan of ${String(id)}`,
    async (signal) =>
      seesScans ? (await get('/scans', { query: { library_id: id, limit: 1 }, signal })).items : [],
    ['libraries'],
  );
  const scan = changes.value?.scans.find((each) => each.library_id === id && each.state === 'running');
  const before = last.value?.[0];
  return (
    <>
      <div class="line">
        <h2>
          <a href={hrefOf(`libraries/${String(id)}`)}>{name}</a>
        </h2>
        {library.restricted ? <span class="tag">Restricted</span> : null}
        {library.koreader_hashes ? null : <span class="tag warning">No KOReader hashes</span>}
      </div>
      {details.error === undefined ? null : <Problem error={details.error} />}
      {details.value === undefined ? null : <Books name={name} books={details.value.books} />}
      {scan === undefined ? null : <ScanProgress scan={scan} label={`Scan of ${name}`} />}
      {scan !== undefined || last.value === undefined || !seesScans ? null : before === undefined ? (
        <p class="warning">Never scanned: a scan finds its books.</p>
      ) : (
        <p class="small faint">
          Scanned <Ago time={before.started_at} />{' '}
          {before.state === 'completed' ? null : <ScanState state={before.state} />}
        </p>
      )}
    </>
  );
}

interface BooksProps {
  readonly name: string;
  readonly books: LibraryDetails['books'];
}

function Books({ name, books: { present, missing, hashed, failed } }: BooksProps) {
  const all = present + missing;
  return (
    <>
      <div class="share">
        <Bar label={`With hashes in ${name}`} fraction={all === 0 ? 0 : hashed / all} />
      </div>
      <p>
        {counted(present, 'book')}, {count(hashed)} with hashes
        {missing === 0 ? null : <span class="warning">, {count(missing)} missing</span>}
        {failed === 0 ? null : <span class="bad">, {count(failed)} failed</span>}
      </p>
    </>
  );
}
