import type { Changes } from '../live/live-messages.js';
import { Bar } from './bar.jsx';
import { count, counted, duration } from './format.js';

export type Scan = Changes['scans'][number];

/** A running scan: its bar, how fast it is, and how long it still takes. */
export function ScanProgress({ scan, label }: { readonly scan: Scan; readonly label: string }) {
  const { counts, expected_files: expected, files_per_second: rate } = scan;
  const fraction = doneFraction(scan);
  const leftMs =
    fraction === undefined || fraction === 0 ? undefined : (scan.elapsed_ms / fraction) * (1 - fraction);
  return (
    <div class="scan-progress">
      <Bar label={label} fraction={fraction} />
      <p class="line small">
        <span>
          {expected === null
            ? counted(counts.found, 'file')
            : `${count(doneFiles(scan))} of about ${counted(Math.max(expected, counts.found), 'file')}`}
          {counts.failed === 0 ? null : <span class="bad">, {count(counts.failed)} failed</span>}
        </span>
        <span class="faint">
          {count(Math.round(rate))} files a second
          {leftMs === undefined ? '' : `, about ${duration(leftMs)} left`}
        </span>
      </p>
    </div>
  );
}

/** @returns `undefined` at the first scan of a library: nobody knows how many files there are */
function doneFraction(scan: Scan): number | undefined {
  const { expected_files: expected } = scan;
  return expected === null || expected === 0 ? undefined : Math.min(1, doneFiles(scan) / expected);
}

/** What is hashed counts before it is committed, which happens about once a second. */
function doneFiles({ counts }: Scan): number {
  const { added, changed, moved, returned, unchanged, failed, hashed } = counts;
  return Math.max(hashed, added + changed + moved + returned + unchanged + failed);
}
