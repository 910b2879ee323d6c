import './about.css';
import { ApiError, get, type Reply } from '../api.js';
import { API, BASE } from '../base-path.js';
import { counted, moment } from '../parts/format.js';
import { Pending, Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';
import { hrefOf } from '../router.js';
import { may, useMe } from '../session.js';

type Details = Reply<'/about', 'get'>;
type Finding = Details['findings'][number];

const LEVELS: Readonly<Record<Finding['level'], readonly [words: string, tone: string]>> = {
  info: ['good to know', 'faint'],
  warning: ['worth a look', 'warning'],
};
const SUBJECTS: Readonly<Record<Finding['subject'], string>> = {
  memory: 'Memory of the database',
  mode: 'File of the database',
  reads: 'Reading of books',
};
const DATABASES: Readonly<Record<Details['database']['kind'], string>> = {
  sqlite: 'SQLite',
  mysql: 'MySQL',
  mariadb: 'MariaDB',
};

export function About() {
  const me = useMe();
  const server = useResource('server', (signal) => get('/server', { signal }));
  return (
    <div class="stack">
      <header class="page-head">
        <h1>About this server</h1>
        <p>{server.value === undefined ? '' : `Dogear ${server.value.version}`}</p>
      </header>
      {may(me, 'library:manage') || may(me, 'user:manage') ? (
        <DetailsOfServer />
      ) : (
        <Problem error={server.error} />
      )}
      <section class="sheet">
        <h2>For programs</h2>
        <ul class="points">
          <li>
            <a href={`${API}/openapi.json`} target="_blank" rel="noreferrer">
              Description of the API
            </a>{' '}
            <span class="faint">OpenAPI, for programs that manage Dogear</span>
          </li>
          <li>
            <a href={`${BASE}/metrics`} target="_blank" rel="noreferrer">
              Metrics
            </a>{' '}
            <span class="faint">
              Prometheus; by default only for programs on the server itself (<code>metrics.access</code>)
            </span>
          </li>
        </ul>
      </section>
      <Licenses />
    </div>
  );
}

function DetailsOfServer() {
  const { value, error } = useResource('about', (signal) => get('/about', { signal }));
  if (value === undefined) return <Pending error={error} />;
  const { automatic_scans: scans, database, engine, findings } = value;
  return (
    <>
      <section class="sheet">
        <h2>What an operator should know</h2>
        {findings.length === 0 ? (
          <p class="good">Nothing: all is well.</p>
        ) : (
          <ul class="findings">
            {findings.map(({ level, subject, text }) => (
              <li key={text}>
                <span class={`tag ${LEVELS[level][1]}`}>{LEVELS[level][0]}</span>
                <span>
                  {SUBJECTS[subject]}: {text}
                </span>
              </li>
            ))}
          </ul>
        )}
      </section>
      <section class="sheet">
        <h2>What it runs on</h2>
        <dl class="facts">
          <dt>Dogear</dt>
          <dd>{value.version}</dd>
          <dt>Node.js</dt>
          <dd>
            {value.node} on {value.system}, {counted(value.cores, 'core')}
          </dd>
          <dt>Database</dt>
          <dd>
            {DATABASES[database.kind]} {database.version}
          </dd>
          <dt>Its address</dt>
          <dd>
            <code>{database.url}</code>
          </dd>
          <dt>MD5 by</dt>
          <dd>{engine.md5}</dd>
          <dt>Reads by</dt>
          <dd>{engine.reads}</dd>
          <dt>Scans by itself</dt>
          <dd>
            {scans.schedule === null ? null : (
              <>
                at <code>{scans.schedule}</code>
                {scans.next_at === null ? '' : `, next ${moment(scans.next_at)}`}
                {scans.watch ? '; ' : ''}
              </>
            )}
            {scans.watch ? 'after something was touched' : scans.schedule === null ? 'never' : ''}
          </dd>
        </dl>
      </section>
    </>
  );
}

interface License {
  readonly name: string;
  readonly version: string;
  readonly identifier: string;
  readonly text: string;
}

/** Of the packages that are built into the pages. Those of the server lie beside its program. */
function Licenses() {
  const { value, error } = useResource('licenses', async (signal) => {
    try {
      const answer = await fetch(hrefOf('licenses.json'), { signal });
      // The build of these pages has written it.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return (await answer.json()) as readonly License[];
    } catch {
      throw new ApiError('offline', 'The licences could not be loaded.', 0);
    }
  });
  return (
    <section class="sheet">
      <h2>These pages contain</h2>
      <Problem error={error} />
      {value?.map(({ name, version, identifier, text }) => (
        <details key={name}>
          <summary>
            {name} {version} <span class="faint">({identifier})</span>
          </summary>
          <pre>{text}</pre>
        </details>
      ))}
    </section>
  );
}
