import { get } from '../api.js';
import { changes } from '../live/live.js';
import type { PageProps } from '../pages.jsx';
import { count, counted, duration, moment } from '../parts/format.js';
import { MoreButton } from '../parts/more-button.jsx';
import { useTitle } from '../parts/page-title.js';
import { usePagedList } from '../parts/paged-list.js';
import { shownPath, shownText } from '../parts/path.js';
import { Loading, Pending, Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';
import { ScanProgress } from '../parts/scan-progress.jsx';
import { scanCounts, ScanState } from '../parts/scan-words.jsx';
import { hrefOf, query } from '../router.js';
import './libraries.css';

/** One scan: what it found, how long it took, and which files it could not read. */
export function ScanPage({ params: [id = ''] }: PageProps) {
  const live = changes.value?.scans.find((scan) => String(scan.id) === id);
  // The version of the libraries changes when a scan ends.
  const found = useResource(id, (signal) => get('/scans/{id}', { params: { id }, signal }), ['libraries']);
  const libraryId = found.value?.library_id;
  const library = useResource(String(libraryId), async (signal) =>
    libraryId === undefined ? undefined : get('/libraries/{id}', { params: { id: libraryId }, signal }),
  );
  useTitle(library.value && `Scan of ${shownText(library.value.name)}`);
  if (found.value === undefined || found.error?.status === 404) {
    return (
      <Pending error={found.error}>
        <a href={hrefOf('libraries')}>All libraries</a>
      </Pending>
    );
  }
  const scan = live === undefined ? found.value : { ...found.value, ...live };
  const name = shownText(library.value?.name ?? 'a library');
  return (
    <div class="stack">
      <header class="page-head">
        <div>
          <p>
            <a href={hrefOf('libraries')}>Libraries</a> ›{' '}
            <a href={hrefOf(`libraries/${String(scan.library_id)}`)}>{name}</a>
          </p>
          <h1>
            {scan.regen_hashes ? 'Regenerating the hashes of' : 'Scan of'} {name}
          </h1>
        </div>
        <ScanState state={scan.state} />
      </header>
      <Problem error={found.error ?? library.error} />
      {scan.error === null ? null : <Problem error={{ message: scan.error }} />}
      {scan.state === 'running' ? <ScanProgress scan={scan} label={`Scan of ${name}`} /> : null}
      {scan.state === 'interrupted' ? (
        <p class="warning">Its process ended early. The next scan goes on from there.</p>
      ) : null}
      <dl class="facts sheet">
        <dt>Begun</dt>
        <dd>{moment(scan.started_at)}</dd>
        <dt>Took</dt>
        <dd>
          {duration(scan.elapsed_ms)}, {count(Math.round(scan.files_per_second))} files a second
        </dd>
        <dt>Files</dt>
        <dd>{scanCounts(scan)}</dd>
        <dt>Hashed</dt>
        <dd>{counted(scan.counts.hashed, 'file')}</dd>
        {scan.counts.skipped === 0 ? null : (
          <>
            <dt>Left out</dt>
            <dd>{counted(scan.counts.skipped, 'folder')}</dd>
          </>
        )}
        {scan.counts.skippable === 0 ? null : (
          <>
            <dt>Could be left out</dt>
            <dd>
              {counted(scan.counts.skippable, 'file')} in hidden folders, recycle bins, snapshots or
              thumbnails: change the library
            </dd>
          </>
        )}
        {scan.part === null ? null : (
          <>
            <dt>Part</dt>
            <dd>
              {scan.part.index} of {scan.part.count}
            </dd>
          </>
        )}
      </dl>
      {scan.counts.failed > 0 ? <Failures id={id} groups={found.value.failures} /> : null}
    </div>
  );
}

/** Beside the words of the engine, for people who do not know them. */
const REASONS: Readonly<Record<string, string>> = {
  unreadable: 'No permission to read',
  vanished: 'Gone before they were read',
  'not-regular': 'Not regular files',
  'link-loop': 'Links in a circle',
  'path-too-long': 'Path too long',
  'io-error': 'Read errors of the disk or network',
  'changed-while-read': 'Changed while they were read',
};

interface FailuresProps {
  readonly id: string;
  readonly groups: readonly { readonly reason: string; readonly count: number }[];
}

function Failures({ id, groups }: FailuresProps) {
  const reason = query.value.get('reason') ?? '';
  const list = usePagedList(
    `failures ${id} ${reason}`,
    (cursor, signal) =>
      get('/scans/{id}/failures', { params: { id }, query: { reason, cursor, limit: 100 }, signal }),
    ['libraries'],
  );
  const shown = groups.filter((group) => reason === '' || group.reason === reason);
  const total = shown.reduce((sum, group) => sum + group.count, 0);
  const here = `scans/${id}`;
  return (
    <section class="stack" aria-label="Failures">
      <h2>What could not be read</h2>
      <ul class="chips">
        <li>
          <a class="button" href={hrefOf(here)} aria-current={reason === '' ? 'true' : undefined}>
            All
          </a>
        </li>
        {groups.map((group) => (
          <li key={group.reason}>
            <a
              class="button"
              href={hrefOf(`${here}?reason=${encodeURIComponent(group.reason)}`)}
              aria-current={reason === group.reason ? 'true' : undefined}
            >
              {REASONS[group.reason] ?? group.reason}: {count(group.count)}
            </a>
          </li>
        ))}
      </ul>
      {list.items === undefined ? (
        <Loading unless={list.error} />
      ) : (
        <ul class="lined">
          {list.items.map((failure) => (
            <li key={`${failure.path.base64 ?? ''}${failure.path.text}`}>
              <p>{shownPath(failure.path)}</p>
              <p class="small faint">{failure.says}</p>
            </li>
          ))}
        </ul>
      )}
      <MoreButton list={list} />
      {list.hasMore || list.items === undefined || list.items.length >= total ? null : (
        <p class="faint small">
          The first {count(list.items.length)} of {count(total)} are listed; a scan keeps a hundred of each
          reason.
        </p>
      )}
    </section>
  );
}
