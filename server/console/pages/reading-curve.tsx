import './reading-curve.css';
import { useEffect } from 'preact/hooks';
import { get, type Reply } from '../api.js';
import { allPages, PAGE_ITEMS } from '../parts/all-pages.js';
import { counted, day, moment, percent } from '../parts/format.js';
import { Loading, Problem } from '../parts/problem.jsx';
import { deviceTitle } from '../parts/reader-names.js';
import { useResource } from '../parts/resource.js';

type Kept = Reply<'/progress/{document}/history', 'get'>['items'][number];
type Entry = Pick<Kept, 'device' | 'percentage' | 'pushed_at'>;

/** As many as a document keeps by default, twice: several digests of a book have a history each. */
const MOST_ENTRIES = 400;
/** History is written up to five seconds after a push. */
const WRITTEN_MS = 6000;
const WIDTH = 1000;
const HEIGHT = 400;

interface CurveProps {
  readonly document: string;
  readonly userId: number | undefined;
  /** Where the devices are now, the newest first: the history may not have them yet. */
  readonly positions: readonly Entry[];
}

/** How far the book was read when. */
export function ReadingCurve({ document, userId, positions }: CurveProps) {
  const history = useResource(
    `history ${String(userId)} ${document}`,
    async (signal) => {
      const entries = await allPages(
        (cursor) =>
          get('/progress/{document}/history', {
            params: { document },
            query: { user_id: userId, cursor, limit: PAGE_ITEMS },
            signal,
          }),
        MOST_ENTRIES,
      );
      return { entries, server: await get('/server', { signal }) };
    },
    ['progress'],
  );
  const { value, error } = history;
  const newest = positions[0]?.pushed_at;
  useEffect(() => {
    const timer = setTimeout(history.reload, WRITTEN_MS);
    return () => clearTimeout(timer);
  }, [newest]);
  const last = value?.entries[0]?.pushed_at ?? '';
  const entries = [...positions.filter((position) => position.pushed_at > last), ...(value?.entries ?? [])];
  return (
    <section class="sheet" aria-labelledby="curve">
      <h2 id="curve">Over time</h2>
      <Problem error={error} />
      {value === undefined ? (
        <Loading unless={error} />
      ) : entries.length < 2 ? (
        <p class="faint">
          {value.server.history
            ? 'No curve yet. It grows while the book is read.'
            : 'This server keeps no history of reading (setting sync.history).'}
        </p>
      ) : (
        <Curve entries={entries.toReversed()} />
      )}
    </section>
  );
}

/** @param entries oldest first, at least two */
function Curve({ entries }: { readonly entries: readonly Entry[] }) {
  const times = entries.map((entry) => Date.parse(entry.pushed_at));
  const firstMs = Math.min(...times);
  const spanMs = Math.max(1, Math.max(...times) - firstMs);
  const points = entries.map((entry, index) => ({
    entry,
    x: (((times[index] ?? firstMs) - firstMs) / spanMs) * WIDTH,
    y: (1 - entry.percentage) * HEIGHT,
  }));
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) return null;
  const when = day(first.pushed_at) === day(last.pushed_at) ? moment : day;
  const says = `From ${percent(first.percentage)} on ${when(first.pushed_at)} to ${percent(
    last.percentage,
  )} on ${when(last.pushed_at)}, ${counted(entries.length, 'place')}.`;
  return (
    <>
      <div class="curve">
        <div class="scale faint small" aria-hidden="true">
          <span>{percent(1)}</span>
          <span>{percent(0.5)}</span>
          <span>{percent(0)}</span>
        </div>
        <svg
          role="img"
          aria-label={`The book over time. ${says} The table below has every place.`}
          viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`}
          preserveAspectRatio="none"
        >
          <path
            class="rules"
            d={[0, 0.25, 0.5, 0.75, 1].map((y) => `M0 ${String(y * HEIGHT)}H1000`).join('')}
          />
          <path class="run" d={stepsThrough(points)} />
          {points.map(({ entry, x, y }) => (
            <path key={entry.pushed_at} class="point" d={`M${x.toFixed(1)} ${y.toFixed(1)}h0`}>
              <title>
                {percent(entry.percentage)}, {deviceTitle(entry.device)}, {moment(entry.pushed_at)}
              </title>
            </path>
          ))}
        </svg>
        <p class="line faint small" aria-hidden="true">
          <span>{when(first.pushed_at)}</span>
          <span>{when(last.pushed_at)}</span>
        </p>
      </div>
      <p class="small faint">{says}</p>
      <details>
        <summary class="small faint">As a table</summary>
        <div class="scrolled" tabIndex={0} role="region" aria-label="Places over time">
          <table>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Read</th>
                <th scope="col">Device</th>
              </tr>
            </thead>
            <tbody>
              {entries.toReversed().map((entry) => (
                <tr key={entry.pushed_at}>
                  <td>{moment(entry.pushed_at)}</td>
                  <td>{percent(entry.percentage)}</td>
                  <td>{deviceTitle(entry.device)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

/** Steps, because between two pushes nobody knows where the reader was. */
function stepsThrough(points: readonly { readonly x: number; readonly y: number }[]): string {
  return points
    .map(({ x, y }, index) =>
      index === 0 ? `M${x.toFixed(1)} ${y.toFixed(1)}` : `H${x.toFixed(1)}V${y.toFixed(1)}`,
    )
    .join('');
}
