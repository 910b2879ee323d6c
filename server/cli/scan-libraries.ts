import type { ScanOptions, ScanSummary } from '../scan/scan-library.js';
import { DogearError } from '../domain/dogear-error.js';
import type { Library } from '../library/library.js';
import { EXIT } from './exit-code.js';
import { messageWithHint } from './hints.js';
import { writeError, writeJsonLine, writeLine } from './output.js';
import { jsonPath } from './shown-text.js';
import type { ScanLibrary } from '../compose/scan-thread.js';
import { scanProgressDisplay } from './scan-progress.js';
import { ScanReport } from './scan-report.js';

export type ScanRequest = Pick<ScanOptions, 'regenHashes' | 'shard' | 'signal'> & { readonly json: boolean };

/** Time between two progress objects of `--json`. */
const JSON_PROGRESS_EVERY_MS = 1000;

/**
 * Scans the libraries one after the other and prints the results. After a library that fails, the next one is scanned;
 * after an interrupt, none is.
 *
 * @returns the exit code: 1 when a scan failed or a file could not be read
 */
export async function scanLibraries(
  scan: ScanLibrary,
  libraries: readonly Library[],
  request: ScanRequest,
): Promise<number> {
  let exitCode: number = EXIT.ok;
  for (const library of libraries) {
    if (request.signal?.aborted === true) break;
    try {
      const summary = request.json
        ? await scanAsJson(scan, library, request)
        : await scanAsText(scan, library, request);
      if (summary.counts.failed > 0) exitCode = EXIT.failed;
    } catch (error) {
      if (!(error instanceof DogearError)) throw error;
      exitCode = EXIT.failed;
      if (request.json) {
        const message = messageWithHint(error);
        writeJsonLine({ event: 'error', library: library.name, code: error.code, message });
      }
      writeError(messageWithHint(error));
    }
  }
  return exitCode;
}

async function scanAsText(scan: ScanLibrary, library: Library, request: ScanRequest): Promise<ScanSummary> {
  const report = new ScanReport();
  const display = await scanProgressDisplay();
  try {
    const summary = await scan(library, {
      ...request,
      onProgress: (progress) => display.update(progress),
      onFailure: (failure) => report.failure(failure),
    });
    display.stop();
    for (const line of report.lines(summary)) writeLine(line);
    return summary;
  } catch (error) {
    display.stop();
    for (const line of report.failureLines()) writeError(line.trim());
    throw error;
  }
}

async function scanAsJson(scan: ScanLibrary, library: Library, request: ScanRequest): Promise<ScanSummary> {
  let lastMs = 0;
  writeJsonLine({ event: 'scan', library: library.name, ...rootJson(library.root) });
  const summary = await scan(library, {
    ...request,
    onProgress: ({ scanId, counts, expectedFiles, elapsedMs }) => {
      if (elapsedMs - lastMs < JSON_PROGRESS_EVERY_MS) return;
      lastMs = elapsedMs;
      writeJsonLine({
        event: 'progress',
        library: library.name,
        scan_id: scanId,
        expected_files: expectedFiles ?? null,
        ...jsonCounts({ counts, elapsedMs }),
      });
    },
    onFailure: ({ path, code, message }) => {
      writeJsonLine({ event: 'failure', library: library.name, ...jsonPath(path), code, message });
    },
  });
  writeJsonLine({
    event: 'summary',
    library: library.name,
    scan_id: summary.scanId,
    ...jsonCounts(summary),
  });
  return summary;
}

function jsonCounts({ counts, elapsedMs }: Pick<ScanSummary, 'counts' | 'elapsedMs'>): object {
  const { added, ...others } = counts;
  const seconds = elapsedMs / 1000;
  return {
    new: added,
    ...others,
    seconds: Number(seconds.toFixed(3)),
    files_per_second: Math.round(counts.found / Math.max(seconds, 0.001)),
  };
}

function rootJson(root: Buffer): object {
  const { path, path_base64 } = jsonPath(root);
  return path_base64 === undefined ? { root: path } : { root: path, root_base64: path_base64 };
}
