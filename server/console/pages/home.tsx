import './home.css';
import { useEffect } from 'preact/hooks';
import { get, type Reply } from '../api.js';
import { changes } from '../live/live.js';
import { Bar } from '../parts/bar.jsx';
import { Cover } from '../parts/cover.jsx';
import { count, counted, percent } from '../parts/format.js';
import { shownText } from '../parts/path.js';
import { Empty, Loading, Problem } from '../parts/problem.jsx';
import { deviceTitle, documentTitle } from '../parts/reader-names.js';
import { type Resource, useResource } from '../parts/resource.js';
import { type Scan, ScanProgress } from '../parts/scan-progress.jsx';
import { scanCounts, ScanState } from '../parts/scan-words.jsx';
import { Ago } from '../parts/time.jsx';
import { documentHref, hrefOf } from '../router.js';
import { may, useMe } from '../session.js';
import { NeedLine, UnmatchedLine } from './needs.jsx';
import { Unmatched } from './reading.jsx';

type Overview = Reply<'/overview', 'get'>;
type ReadingPage = Reply<'/reading', 'get'>;

/** What is shown of who read what. */
const LAST_READ = 10;
const NOTHING_READ: ReadingPage = { items: [], unmatched: [], next_cursor: null };
/** Nothing says that the folder of a library has vanished, or is there again; the server looks as often. */
const LOOK_AGAIN_MS = 30_000;

/** What runs, what needs a look, and who read what last. */
export function Home() {
  const me = useMe();
  const overview = useResource('overview', (signal) => get('/overview', { signal }), ['libraries']);
  const syncs = may(me, 'feature:koreader_sync');
  const seesReading = syncs || may(me, 'user:manage');
  const reading = useResource(
    `reading ${String(seesReading)}`,
    async (signal): Promise<ReadingPage> =>
      seesReading ? get('/reading', { query: { limit: LAST_READ }, signal }) : NOTHING_READ,
    ['progress', 'devices'],
  );
  const unmatched = useResource(
    `unmatched ${String(syncs)}`,
    async (signal): Promise<number> =>
      syncs ? (await get('/unmatched', { query: { limit: 1 }, signal })).total : 0,
    ['progress'],
  );
  useEffect(() => {
    const look = (): void => {
      if (document.visibilityState === 'visible') overview.reload();
    };
    const timer = setInterval(look, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="sections">
      <header class="page-head">
        <h1>Hello, {me.name}</h1>
        <Totals overview={overview.value} />
      </header>
      <Problem error={overview.error ?? reading.error ?? unmatched.error} />
      <Beginning overview={overview.value} reading={reading.value?.items} />
      <RunningScans overview={overview.value} />
      <Needs overview={overview} documents={unmatched.value ?? 0} />
      {seesReading ? <LastRead reading={reading} /> : null}
    </div>
  );
}

function Totals({ overview }: { readonly overview: Overview | undefined }) {
  if (overview === undefined || overview.libraries.length === 0) return null;
  const sum = (of: (library: Overview['libraries'][number]) => number): number =>
    overview.libraries.reduce((total, library) => total + of(library), 0);
  return (
    <p>
      {counted(
        sum(({ books }) => books),
        'book',
      )}{' '}
      in {counted(overview.libraries.length, 'library', 'libraries')}, {count(sum(({ ready }) => ready))}{' '}
      ready to sync
    </p>
  );
}

interface BeginningProps {
  readonly overview: Overview | undefined;
  readonly reading: ReadingPage['items'] | undefined;
}

/** The first steps, until they are done. */
function Beginning({ overview, reading }: BeginningProps) {
  const me = useMe();
  const syncs = may(me, 'feature:koreader_sync');
  const server = useResource('server', (signal) => get('/server', { signal }));
  const devices = useResource(
    `devices ${String(syncs)}`,
    async (signal): Promise<number> =>
      syncs ? (await get('/devices', { query: { limit: 1 }, signal })).items.length : 0,
    ['devices'],
  );
  if (overview === undefined || reading === undefined) return null;
  if (server.value === undefined || devices.value === undefined) {
    return <Problem error={server.error ?? devices.error} />;
  }
  const hasLibrary = overview.libraries.length > 0;
  const hasReader = devices.value > 0 || reading.length > 0;
  const mayAdd = may(me, 'library:manage');
  const maySetUp = syncs && server.value.koreader_sync;
  if ((hasLibrary || !mayAdd) && (hasReader || !maySetUp)) return null;
  return (
    <section class="stack" aria-labelledby="beginning">
      <h2 id="beginning">Begin here</h2>
      <ol class="grid beginning">
        {mayAdd ? (
          <Step isDone={hasLibrary} title="Add a library" to="libraries?do=add">
            A library is a folder of books. Dogear lists what is in it, so that readers find each book again.
          </Step>
        ) : null}
        {maySetUp ? (
          <Step isDone={hasReader} title="Set up KOReader" to="koreader">
            Give your reader the address of this server. From then on it keeps its place here.
          </Step>
        ) : null}
      </ol>
    </section>
  );
}

interface StepProps {
  readonly isDone: boolean;
  readonly title: string;
  readonly to: string;
  readonly children: string;
}

function Step({ isDone, title, to, children }: StepProps) {
  return (
    <li class="sheet">
      <h3>
        {title} {isDone ? <span class="tag good">done</span> : null}
      </h3>
      <p class="faint">{children}</p>
      {isDone ? null : (
        <div class="buttons">
          <a class="button main" href={hrefOf(to)}>
            {title}
          </a>
        </div>
      )}
    </li>
  );
}

function RunningScans({ overview }: { readonly overview: Overview | undefined }) {
  const scans = changes.value?.scans ?? [];
  if (scans.length === 0) return null;
  const nameOf = ({ library_id: id }: Scan): string =>
    shownText(overview?.libraries.find((library) => library.id === id)?.name ?? 'A library');
  return (
    <section class="stack" aria-labelledby="scans">
      <h2 id="scans">Scans</h2>
      <ul class="grid">
        {scans.map((scan) => (
          <li key={scan.id} class="sheet">
            <div class="line">
              <h3 class="cut">
                <a href={hrefOf(`libraries/${String(scan.library_id)}`)}>{nameOf(scan)}</a>
              </h3>
              {scan.state === 'running' ? (
                <span class="faint small">{scan.regen_hashes ? 'hashing every book again' : 'scanning'}</span>
              ) : (
                <ScanState state={scan.state} />
              )}
            </div>
            {scan.state === 'running' ? (
              <ScanProgress scan={scan} label={`Scan of ${nameOf(scan)}`} />
            ) : (
              <p class="small">
                <a href={hrefOf(`scans/${String(scan.id)}`)}>{scanCounts(scan)}</a>
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

interface NeedsProps {
  readonly overview: Resource<Overview>;
  /** How many of the viewer's own documents have no book. */
  readonly documents: number;
}

function Needs({ overview: { value, error }, documents }: NeedsProps) {
  const me = useMe();
  const canMend = may(me, 'library:scan') || may(me, 'library:manage');
  const needs = canMend ? (value?.needs_look ?? []) : [];
  if (documents + needs.length === 0 && (!canMend || value?.libraries.length === 0)) return null;
  return (
    <section class="stack" aria-labelledby="needs">
      <h2 id="needs">What needs a look</h2>
      {value === undefined ? (
        <Loading unless={error} />
      ) : documents + needs.length === 0 ? (
        <p class="good">Nothing: all is well.</p>
      ) : (
        <ul class="needs">
          {documents === 0 ? null : <UnmatchedLine documents={documents} />}
          {needs.map((need) => (
            <NeedLine key={`${need.kind} ${String(need.library_id)}`} need={need} overview={value} />
          ))}
        </ul>
      )}
    </section>
  );
}

function LastRead({ reading: { value, error } }: { readonly reading: Resource<ReadingPage> }) {
  const me = useMe();
  return (
    <section class="stack" aria-labelledby="reading">
      <div class="line">
        <h2 id="reading">Last read</h2>
        <a href={hrefOf('reading')}>All reading</a>
      </div>
      {value === undefined ? (
        <Loading unless={error} />
      ) : value.items.length === 0 ? (
        <Empty says="Nothing yet. A book appears here as soon as a reader syncs it." />
      ) : (
        <ul class="last-read">
          {value.items.map((item) => {
            const title = documentTitle(item);
            const search = item.user.id === me.user_id ? '' : `?user=${String(item.user.id)}`;
            return (
              <li key={`${String(item.user.id)} ${item.document}`}>
                <div class="reading">
                  <Cover book={item.book} />
                  <div>
                    <div class="line tight">
                      <a class="cut whole" href={documentHref(item.document, search)}>
                        {title}
                      </a>
                      <span class="faint small">
                        <Ago time={item.pushed_at} />
                      </span>
                    </div>
                    <Bar fraction={item.percentage} label={`Read of ${title}`} />
                    <p class="faint small cut">
                      {percent(item.percentage)} · {item.user.id === me.user_id ? 'you' : item.user.name} ·{' '}
                      {deviceTitle(item.device)}
                      {item.book === null ? ' · in no library' : ''}
                    </p>
                  </div>
                </div>
              </li>
            );
          })}
        </ul>
      )}
      <Unmatched
        documents={value?.unmatched.reduce((sum, user) => sum + user.documents, 0) ?? 0}
        hasMore={value?.next_cursor != null}
      />
    </section>
  );
}
