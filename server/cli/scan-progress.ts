import type { MultiBar, SingleBar } from 'cli-progress';
import type { ScanProgress } from '../scan/scan-library.js';
import { countedNoun } from './counted-noun.js';
import { shownText } from './shown-text.js';

/** Shows the progress of one scan. `stop` is called once, when the scan ends. */
export interface ProgressDisplay {
  update(progress: ScanProgress): void;
  stop(): void;
}

/** Time between two lines where standard error is no terminal: seldom enough for a log file. */
const LINE_EVERY_MS = 5000;
const BAR_FRAMES_A_SECOND = 5;

/** A bar on a terminal, a line every few seconds elsewhere; both on standard error. */
export async function scanProgressDisplay(
  stream: NodeJS.WriteStream = process.stderr,
): Promise<ProgressDisplay> {
  if (!stream.isTTY) return new Lines(stream);
  const { MultiBar } = await import('cli-progress');
  return new Bar(
    new MultiBar({
      stream,
      fps: BAR_FRAMES_A_SECOND,
      clearOnComplete: true,
      hideCursor: true,
      format: '{library} [{bar}] {text}',
      barsize: 24,
    }),
  );
}

class Lines implements ProgressDisplay {
  readonly #stream: NodeJS.WriteStream;
  #lastMs = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  update(progress: ScanProgress): void {
    if (progress.elapsedMs - this.#lastMs < LINE_EVERY_MS) return;
    this.#lastMs = progress.elapsedMs;
    const left = secondsLeft(progress);
    this.#stream.write(
      `${shownText(progress.library)}: ${describe(progress)}${left === undefined ? '' : `, about ${duration(left)} left`}\n`,
    );
  }

  stop(): void {
    this.#lastMs = 0;
  }
}

class Bar implements ProgressDisplay {
  readonly #bars: MultiBar;
  #bar: SingleBar | undefined;

  constructor(bars: MultiBar) {
    this.#bars = bars;
  }

  update(progress: ScanProgress): void {
    const { found } = progress.counts;
    const total = Math.max(progress.expectedFiles ?? 0, found, 1);
    this.#bar ??= this.#bars.create(total, 0, { library: shownText(progress.library), text: '' });
    this.#bar.setTotal(total);
    const left = secondsLeft(progress);
    this.#bar.update(done(progress), {
      library: shownText(progress.library),
      text: `${describe(progress)}${left === undefined ? '' : `, ${duration(left)} left`}`,
    });
  }

  stop(): void {
    this.#bars.stop();
  }
}

function describe({ counts, elapsedMs }: ScanProgress): string {
  const parts = [
    countedNoun(counts.found, 'file'),
    `${String(Math.round((counts.found / Math.max(elapsedMs, 1)) * 1000))}/s`,
    `${String(counts.hashed)} hashed`,
  ];
  if (counts.failed > 0) parts.push(`${String(counts.failed)} failed`);
  return parts.join(', ');
}

/** Files that the scan has finished with. The others that were found are still with the workers. */
function done({ counts }: ScanProgress): number {
  return counts.added + counts.changed + counts.moved + counts.returned + counts.unchanged;
}

/** Estimated from the number of files of the last complete scan; `undefined` at the first scan of a library. */
function secondsLeft(progress: ScanProgress): number | undefined {
  const { expectedFiles, elapsedMs } = progress;
  const finished = done(progress);
  if (expectedFiles === undefined || expectedFiles < finished || finished === 0) return undefined;
  return Math.round(((expectedFiles - finished) * (elapsedMs / finished)) / 1000);
}

function duration(seconds: number): string {
  if (seconds < 60) return `${String(seconds)} s`;
  if (seconds < 3600) return `${String(Math.round(seconds / 60))} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
