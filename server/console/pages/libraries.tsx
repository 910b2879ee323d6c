import { get } from '../api.js';
import { changes } from '../live/live.js';
import { Bar } from '../parts/bar.jsx';
import { Dialog } from '../parts/dialog.jsx';
import { count, counted } from '../parts/format.js';
import { shownText } from '../parts/path.js';
import { Empty, Loading, Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';
import { ScanProgress } from '../parts/scan-progress.jsx';
import { ScanState } from '../parts/scan-words.jsx';
import { Ago } from '../parts/time.jsx';
import { say } from '../parts/toast.jsx';
import { closeDialog, go, hrefOf, openDialog, query } from '../router.js';
import { may, useMe } from '../session.js';
import { AddLibrary } from './library-form.jsx';
import './libraries.css';
import type { Reply } from '../api.js';

type Overview = Reply<'/overview', 'get'>['libraries'][number];

/** All libraries, each with what one wants to know before one opens it. */
export function Libraries() {
  const canManage = may(useMe(), 'library:manage');
  const overview = useResource('overview', (signal) => get('/overview', { signal }), ['libraries']);
  const add = canManage ? (
    <button type="button" class="main" onClick={() => openDialog('do', 'add')}>
      Add a library
    </button>
  ) : null;
  return (
    <>
      <header class="page-head">
        <h1>Libraries</h1>
        {overview.value?.libraries.length === 0 ? null : add}
      </header>
      <Problem error={overview.error} />
      {overview.value === undefined ? (
        <Loading unless={overview.error} />
      ) : overview.value.libraries.length === 0 ? (
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
          {overview.value.libraries.map((library) => (
            <li key={library.id} class="sheet">
              <Card library={library} />
            </li>
          ))}
        </ul>
      )}
      {canManage && query.value.get('do') === 'add' ? (
        <Dialog title="Add a library" onClose={() => closeDialog('do')}>
          <AddLibrary
            onCancel={() => closeDialog('do')}
            onAdded={(added) => {
              say(`Added ${shownText(added.name)}.`);
              go(`libraries/${String(added.id)}`, { replace: true });
            }}
          />
        </Dialog>
      ) : null}
    </>
  );
}

function Card({ library }: { readonly library: Overview }) {
  const { id, books, missing, failed, last_scan: last } = library;
  const name = shownText(library.name);
  const scan = changes.value?.scans.find((each) => each.library_id === id && each.state === 'running');
  return (
    <>
      <div class="line">
        <h2>
          <a href={hrefOf(`libraries/${String(id)}`)}>{name}</a>
        </h2>
        {library.koreader_hashes ? null : <span class="tag warning">No KOReader hashes</span>}
      </div>
      {library.root_problem === null ? null : <p class="bad">{library.root_problem}</p>}
      {library.never_scanned ? (
        <p class="warning">Never scanned: a scan finds its books.</p>
      ) : (
        <>
          <div class="share">
            <Bar label={`Ready to sync in ${name}`} fraction={readyFraction(library)} />
          </div>
          <p>
            {counted(books, 'book')}, {count(library.ready)} ready to sync
            {missing === 0 ? null : <span class="warning">, {count(missing)} missing</span>}
            {failed === 0 ? null : <span class="bad">, {count(failed)} failed</span>}
          </p>
        </>
      )}
      {scan === undefined ? null : <ScanProgress scan={scan} label={`Scan of ${name}`} />}
      {scan !== undefined || last?.finished_at == null ? null : (
        <p class="small faint">
          <a href={hrefOf(`scans/${String(last.id)}`)}>
            Scanned <Ago time={last.finished_at} />
          </a>
          {last.failed === 0 ? null : (
            <span class="bad">, {counted(last.failed, 'file')} could not be read</span>
          )}{' '}
          {last.state === 'completed' ? null : <ScanState state={last.state} />}
        </p>
      )}
    </>
  );
}

function readyFraction({ books, missing, ready }: Overview): number {
  const all = books + missing;
  return all === 0 ? 0 : ready / all;
}
