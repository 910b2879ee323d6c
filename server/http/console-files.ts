import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface ConsoleFile {
  readonly contentType: string;
  readonly bytes: Uint8Array;
  readonly gzip: Uint8Array;
  /** Strong, with its quotation marks. */
  readonly etag: string;
}

/** The built console, in memory. */
export interface ConsoleFiles {
  /** The one page, for every address of the console: its script shows what the address names. */
  readonly page: ConsoleFile;
  /** The page that shows a book: its frames need another Content-Security-Policy. */
  readonly reader: ConsoleFile;
  /** By their path below `ui/`: `assets/main-4f2a.js`. */
  readonly assets: ReadonlyMap<string, ConsoleFile>;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};
const PAGE = 'index.html';
const READER_PAGE = 'read.html';

/**
 * Reads what the build left in a folder.
 *
 * @param basePath prefix of every path: `''` or `/sync`
 */
export function readConsoleFiles(folder: string, basePath: string): ConsoleFiles {
  const assets = new Map<string, ConsoleFile>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const contentType = CONTENT_TYPES[extname(name)];
    if (contentType === undefined || name === PAGE || name === READER_PAGE) continue;
    assets.set(name.split(sep).join('/'), consoleFile(contentType, readFileSync(join(folder, name))));
  }
  return { page: pageFile(folder, PAGE, basePath), reader: pageFile(folder, READER_PAGE, basePath), assets };
}

/** A page is served at addresses of any depth, so what it loads has absolute paths. */
function pageFile(folder: string, name: string, basePath: string): ConsoleFile {
  const page = readFileSync(join(folder, name), 'utf8').replaceAll(
    /(?<=(?:src|href)=")\.\//g,
    `${basePath}/ui/`,
  );
  return consoleFile(CONTENT_TYPES['.html'] ?? '', Buffer.from(page));
}

function consoleFile(contentType: string, bytes: Uint8Array): ConsoleFile {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { contentType, bytes, gzip: gzipSync(bytes, { level: 9 }), etag };
}
