import { get } from '../api.js';
import { changes } from '../live/live.js';
import type { PageProps } from '../pages.jsx';
import { count, counted, duration, moment } from '../parts/format.js';
import { Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';
import { ScanProgress } from '../parts/scan-progress.jsx';
import { scanCounts, ScanState } from '../parts/scan-words.jsx';
import { Loading } from '../parts/virtual-list.jsx';
import { hrefOf } from '../router.js';
import './libraries.css';

/** One scan: what it found, how long it took, and which files it could not read. */
export function ScanPage({ params: [id = ''] }: PageProps) {
  const live = changes.value?.scans.find((scan) => String(scan.id) === id);
  const found = useResource(`${id} ${live?.state ?? ''}`, (signal) =>
    get('/scans/{id}', { params: { id }, signal }),
  );
  const libraryId = found.value?.library_id;
  const library = useResource(String(libraryId), async (signal) =>
    libraryId === undefined ? undefined : get('/libraries/{id}', { params: { id: libraryId }, signal }),
  );
  if (found.value === undefined) {
    return found.error === undefined ? (
      <Loading />
    ) : (
      <Problem error={found.error}>
        <a href={hrefOf('libraries')}>All libraries</a>
      </Problem>
    );
  }
  const scan = live === undefined ? found.value : { ...found.value, ...live };
  const name = library.value?.name ?? 'a library';
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
        {scan.part === null ? null : (
          <>
            <dt>Part</dt>
            <dd>
              {scan.part.index} of {scan.part.count}
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
