import type { FileFailure } from '../scan/scan.js';
import type { ScanSummary } from '../scan/scan-library.js';
import { shownPath } from './shown-path.js';

/** Failures written out one by one; a broken disk has thousands, which the count tells better. */
const FAILURES_LISTED = 20;

/** Collects what a scan could not read and tells what it did. */
export class ScanReport {
  readonly #failures: FileFailure[] = [];
  #failed = 0;

  failure(failure: FileFailure): void {
    this.#failed++;
    if (this.#failures.length < FAILURES_LISTED) this.#failures.push(failure);
  }

  /** Lines for standard output. */
  lines({ library, counts, elapsedMs }: ScanSummary): string[] {
    const seconds = elapsedMs / 1000;
    const returned = counts.returned === 0 ? '' : `, ${String(counts.returned)} came back`;
    return [
      `${library}: ${String(counts.found)} files in ${seconds.toFixed(1)} s ` +
        `(${String(Math.round(counts.found / Math.max(seconds, 0.001)))} files/s)`,
      `  ${String(counts.added)} new, ${String(counts.changed)} changed, ${String(counts.moved)} moved, ` +
        `${String(counts.unchanged)} unchanged${returned}, ${String(counts.missing)} missing, ` +
        `${String(counts.failed)} failed`,
      ...this.failureLines(),
    ];
  }

  failureLines(): string[] {
    const lines = this.#failures.map(({ path, message }) => `  failed: ${shownPath(path)}: ${message}`);
    const more = this.#failed - this.#failures.length;
    if (more > 0) lines.push(`  … and ${String(more)} more failures`);
    return lines;
  }
}
