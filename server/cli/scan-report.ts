import type { FileFailure, ScanCounts } from '../scan/scan.js';
import type { ScanSummary } from '../scan/scan-library.js';
import { countedNoun } from './counted-noun.js';
import { shownPath } from './shown-text.js';

/** Failures that are printed one by one; a broken disk has thousands, of which only the number is printed. */
const FAILURES_LISTED = 20;

/** Collects the failures of one scan, and makes the text about it. */
export class ScanReport {
  readonly #failures: FileFailure[] = [];
  /** Of the failures that are not listed one by one, by reason. */
  readonly #others = new Map<string, number>();

  failure(failure: FileFailure): void {
    if (this.#failures.length < FAILURES_LISTED) this.#failures.push(failure);
    else this.#others.set(failure.code, (this.#others.get(failure.code) ?? 0) + 1);
  }

  /** Lines for standard output. */
  lines({ library, counts, elapsedMs }: ScanSummary): string[] {
    const seconds = elapsedMs / 1000;
    const returned = counts.returned === 0 ? '' : `, ${String(counts.returned)} came back`;
    return [
      `${library}: ${countedNoun(counts.found, 'file')} in ${seconds.toFixed(1)} s ` +
        `(${String(Math.round(counts.found / Math.max(seconds, 0.001)))} files/s)`,
      `  ${String(counts.added)} new, ${String(counts.changed)} changed, ${String(counts.moved)} moved, ` +
        `${String(counts.unchanged)} unchanged${returned}, ${String(counts.missing)} missing, ` +
        `${String(counts.failed)} failed`,
      ...recheckedLines(counts),
      ...skipLines(counts),
      ...this.failureLines(),
    ];
  }

  failureLines(): string[] {
    const lines = this.#failures.map(({ path, message }) => `  failed: ${shownPath(path)}: ${message}`);
    if (this.#others.size === 0) return lines;
    const reasons = [...this.#others].toSorted(([, left], [, right]) => right - left);
    const more = reasons.reduce((sum, [, count]) => sum + count, 0);
    const counts = reasons.map(([reason, count]) => `${String(count)} ${reason}`).join(', ');
    return [...lines, `  … and ${countedNoun(more, 'more failure')}: ${counts}`];
  }
}

/** Many at once mean that something happened to all files, such as a change of their owner or a copy of the library. */
function recheckedLines({ rechecked, found }: ScanCounts): string[] {
  if (rechecked === 0) return [];
  const line = `  ${String(rechecked)} read again: same size and time, but another inode or time of last change`;
  if (rechecked <= found / 2) return [line];
  return [
    line,
    '  that is more than half of the library: it was copied, or its owners or permissions were changed. If that happens ' +
      'often, set library.change_check to mtime',
  ];
}

function skipLines({ skipped, skippable }: ScanCounts): string[] {
  const lines: string[] = [];
  if (skipped > 0) lines.push(`  folders skipped: ${String(skipped)}`);
  if (skippable > 0) {
    lines.push(
      `  ${String(skippable)} of the files lie in folders of trash or of programs; ` +
        '"dogear library set NAME --skip-system on" leaves those out',
    );
  }
  return lines;
}
