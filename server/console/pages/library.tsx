import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { get, post, remove } from '../api.js';
import { changes } from '../live/live.js';
import type { PageProps } from '../pages.jsx';
import { useAction } from '../parts/action.jsx';
import { ConfirmDialog, Dialog } from '../parts/dialog.jsx';
import { count, counted, duration } from '../parts/format.js';
import { MoreButton } from '../parts/more-button.jsx';
import { useTitle } from '../parts/page-title.js';
import { usePagedList } from '../parts/paged-list.js';
import { shownPath, shownText } from '../parts/path.js';
import { Loading, Pending, Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';
import { type Scan, ScanProgress } from '../parts/scan-progress.jsx';
import { scanCounts, ScanState } from '../parts/scan-words.jsx';
import { Ago } from '../parts/time.jsx';
import { say } from '../parts/toast.jsx';
import { closeDialog, go, hrefOf, openDialog, query } from '../router.js';
import { may, useMe } from '../session.js';
import { ChangeLibrary, type LibraryDetails } from './library-form.jsx';
import { LibraryReaders } from './library-readers.jsx';
import './libraries.css';

/** One library: its books in numbers, its scans, and who may see it. */
export function Library({ params: [id = ''] }: PageProps) {
  const me = useMe();
  const canManage = may(me, 'library:manage');
  const canScan = may(me, 'library:scan');
  const found = useResource(id, (signal) => get('/libraries/{id}', { params: { id }, signal }), [
    'libraries',
  ]);
  const library = found.value;
  const title = library && shownText(library.name);
  useTitle(title);
  if (library === undefined || found.error?.status === 404) {
    return (
      <Pending error={found.error}>
        <a href={hrefOf('libraries')}>All libraries</a>
      </Pending>
    );
  }
  return (
    <div class="stack">
      <header class="page-head">
        <div>
          <p>
            <a href={hrefOf('libraries')}>Libraries</a>
          </p>
          <h1>{title}</h1>
        </div>
        {canManage ? (
          <div class="buttons">
            <button type="button" onClick={() => openDialog('do', 'change')}>
              Change
            </button>
            <button type="button" class="danger" onClick={() => openDialog('do', 'remove')}>
              Remove
            </button>
          </div>
        ) : null}
      </header>
      <Problem error={found.error} />
      {found.error === undefined && (canScan || canManage) ? <RootProblem id={library.id} /> : null}
      <Numbers library={library} />
      <Facts library={library} />
      {canScan || canManage ? <Scans library={library} canScan={canScan} /> : null}
      {canManage && library.restricted ? <LibraryReaders libraryId={library.id} /> : null}
      {canManage ? <Dialogs library={library} onChanged={found.reload} /> : null}
    </div>
  );
}

function RootProblem({ id }: { readonly id: number }) {
  const overview = useResource('overview', (signal) => get('/overview', { signal }), ['libraries']);
  const says = overview.value?.libraries.find((each) => each.id === id)?.root_problem;
  return <Problem error={says == null ? overview.error : { message: says }} />;
}

/** Each number leads to its books. */
function Numbers({ library: { id, books } }: { readonly library: LibraryDetails }) {
  const to = (state: string): string => hrefOf(`books?library=${String(id)}${state}`);
  const numbers: readonly (readonly [number, string, string, string])[] = [
    [books.present, 'books', '', ''],
    [books.ready, 'ready to sync', '&state=ready', 'good'],
    [books.missing, 'missing', '&state=missing', books.missing === 0 ? 'faint' : 'warning'],
    [books.failed, 'failed', '&state=failed', books.failed === 0 ? 'faint' : 'bad'],
  ];
  return (
    <ul class="numbers">
      {numbers.map(([number, words, state, tone]) => (
        <li key={words}>
          <a class={`sheet ${tone}`} href={to(state)}>
            <strong>{count(number)}</strong> {words}
          </a>
        </li>
      ))}
    </ul>
  );
}

type MetadataState = NonNullable<LibraryDetails['metadata']>['state'];
const METADATA: Readonly<Record<MetadataState, string>> = {
  running: 'being read now',
  completed: 'up to date',
  stopped: 'stopped, goes on with the next scan',
};

function Facts({ library }: { readonly library: LibraryDetails }) {
  return (
    <dl class="facts sheet">
      {library.root === null ? null : (
        <>
          <dt>Folder</dt>
          <dd>
            <code>{shownPath(library.root)}</code>
          </dd>
        </>
      )}
      <dt>Books are</dt>
      <dd>
        {library.extensions === null
          ? 'all files that KOReader opens'
          : `files ending in ${library.extensions.join(', ')}`}
      </dd>
      <dt>Left out</dt>
      <dd>
        {[
          ...(library.skip_system ? ['hidden folders, recycle bins, snapshots, thumbnails'] : []),
          ...library.ignore_patterns.map(shownText),
        ].join(', ') || 'nothing'}
      </dd>
      <dt>Links to folders</dt>
      <dd>{library.follow_links ? 'followed' : 'not followed'}</dd>
      <dt>KOReader hashes</dt>
      <dd>
        {library.koreader_hashes ? (
          'on'
        ) : (
          <span class="warning">off: readers do not find books that have no hashes</span>
        )}
      </dd>
      {library.metadata === null ? null : (
        <>
          <dt>Titles and authors</dt>
          <dd>
            {METADATA[library.metadata.state]}: {counted(library.metadata.read, 'new or changed EPUB')} read
            {library.metadata.failed === 0
              ? ''
              : `, ${count(library.metadata.failed)} of them broken or no EPUBs`}
            , <Ago time={library.metadata.finished_at ?? library.metadata.started_at} />
          </dd>
        </>
      )}
      <dt>Who sees it</dt>
      <dd>{library.restricted ? 'only its readers, and whoever manages libraries' : 'everybody'}</dd>
    </dl>
  );
}

interface ScansProps {
  readonly library: LibraryDetails;
  readonly canScan: boolean;
}

function Scans({ library, canScan }: ScansProps) {
  const { id, books } = library;
  const name = shownText(library.name);
  const past = usePagedList(`scans of ${String(id)}`, (cursor, signal) =>
    get('/scans', { query: { library_id: id, cursor, limit: 20 }, signal }),
  );
  const live = (changes.value?.scans ?? []).filter((scan) => scan.library_id === id);
  const states = live.map((scan) => `${String(scan.id)} ${scan.state}`).join();
  const seenStates = useRef(states);
  useEffect(() => {
    // A scan began or ended.
    if (seenStates.current !== states) past.reload();
    seenStates.current = states;
  }, [states]);
  const running =
    live.find((scan) => scan.state === 'running') ?? past.items?.find((scan) => scan.state === 'running');
  const title = useRef<HTMLHeadingElement>(null);
  const isPressed = useRef(false);
  useEffect(() => {
    // The button that was pressed is gone.
    if (isPressed.current && document.activeElement === document.body) title.current?.focus();
    isPressed.current = false;
  }, [running === undefined]);
  const action = useAction();
  const start = (regenHashes: boolean): void => {
    void action.run(async () => {
      await post('/libraries/{id}/scans', { params: { id }, body: { regen_hashes: regenHashes } });
      past.reload();
      say('The scan has begun.');
    });
  };
  return (
    <section class="stack" aria-label="Scans">
      <div class="sheet" onClickCapture={() => (isPressed.current = true)}>
        <h2 ref={title} tabIndex={-1}>
          Scan
        </h2>
        {running === undefined ? null : <Running scan={running} name={name} canScan={canScan} />}
        {running === undefined && canScan ? (
          <div class="choices">
            <div>
              <button
                type="button"
                class="main"
                aria-disabled={action.isRunning}
                onClick={() => start(false)}
              >
                Scan
              </button>
              <p class="hint">
                Finds new, changed, moved and missing files
                {library.koreader_hashes ? ', and hashes what is new or changed' : ''}.
              </p>
            </div>
            <div>
              <button
                type="button"
                disabled={!library.koreader_hashes}
                aria-disabled={action.isRunning}
                onClick={() => start(true)}
              >
                Regenerate hashes
              </button>
              <p class="hint">
                {library.koreader_hashes
                  ? `The same, and reads and hashes all ${counted(books.present, 'book')} again, changed or not. It takes longer. Nobody loses a place.`
                  : 'KOReader hashes are off for this library. Change it first.'}
              </p>
            </div>
          </div>
        ) : null}
        <Problem error={action.error} />
      </div>
      <h2>Past scans</h2>
      {past.items === undefined ? (
        <Loading unless={past.error} />
      ) : past.items.length === 0 ? (
        <p class="faint">Not scanned yet.</p>
      ) : (
        <ul class="lined">
          {past.items
            .filter((scan) => scan.state !== 'running')
            .map((scan) => (
              <li key={scan.id}>
                <PastScan scan={scan} />
              </li>
            ))}
        </ul>
      )}
      <MoreButton list={past} />
    </section>
  );
}

interface RunningProps {
  readonly scan: Scan;
  readonly name: string;
  readonly canScan: boolean;
}

function Running({ scan, name, canScan }: RunningProps) {
  const action = useAction();
  const isStopping = useSignal(false);
  return (
    <>
      <p>
        {scan.regen_hashes ? 'Regenerating the hashes.' : 'Scanning.'} Begun <Ago time={scan.started_at} />.
      </p>
      <ScanProgress scan={scan} label={`Scan of ${name}`} />
      <Problem error={action.error} />
      {canScan ? (
        <div class="buttons">
          <button
            type="button"
            aria-disabled={action.isRunning || isStopping.value}
            onClick={() =>
              void action.run(async () => {
                if (isStopping.value) return;
                await post('/scans/{id}/cancel', { params: { id: scan.id }, body: {} });
                isStopping.value = true;
              })
            }
          >
            {isStopping.value ? 'Stopping…' : 'Cancel the scan'}
          </button>
          <p class="hint">What it has done stays. The next scan goes on from there.</p>
        </div>
      ) : null}
    </>
  );
}

function PastScan({ scan }: { readonly scan: Scan }) {
  return (
    <>
      <p class="line">
        <a href={hrefOf(`scans/${String(scan.id)}`)}>
          {scan.regen_hashes ? 'Hashes regenerated' : 'Scan'} <Ago time={scan.started_at} />
        </a>
        <ScanState state={scan.state} />
      </p>
      <p class="small faint">
        {scanCounts(scan)}; {duration(scan.elapsed_ms)}
      </p>
      {scan.error === null ? null : <p class="small bad">{scan.error}</p>}
    </>
  );
}

interface DialogsProps {
  readonly library: LibraryDetails;
  readonly onChanged: () => void;
}

function Dialogs({ library, onChanged }: DialogsProps) {
  const { id, books } = library;
  const name = shownText(library.name);
  const close = (): void => closeDialog('do');
  const asked = query.value.get('do');
  if (asked === 'change') {
    return (
      <Dialog title={`Change ${name}`} onClose={close}>
        <ChangeLibrary
          library={library}
          onCancel={close}
          onChanged={() => {
            say('Saved.');
            close();
            onChanged();
          }}
        />
      </Dialog>
    );
  }
  if (asked !== 'remove') return null;
  return (
    <ConfirmDialog
      title={`Remove ${name}?`}
      confirm="Remove"
      onClose={close}
      onConfirm={async () => {
        const { digests } = await remove('/libraries/{id}', { params: { id } });
        const lost =
          digests === 0
            ? ''
            : ` ${counted(digests, 'digest of it finds', 'digests of it find')} no book any more.`;
        say(`Removed ${name}.${lost}`);
        go('libraries', { replace: true });
      }}
    >
      <p>
        <strong>Goes:</strong> the library, its {counted(books.present + books.missing, 'book')} as Dogear
        knows them with all their digests, and its past scans.
      </p>
      <p>
        <strong>Stays:</strong> every file, and everybody's places. They find their books again when the
        folder is added and scanned once more.
      </p>
    </ConfirmDialog>
  );
}
