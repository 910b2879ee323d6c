import type { Logger } from 'pino';
import { maskApiKeyText } from '../accounts/keys/api-key-text.js';
import type { HttpRequest } from './request.js';
import { CLIENT_GONE } from './uws.js';

/** Longer paths are cut, so that clients cannot fill the disk with them. */
const LOGGED_CHARACTERS = 300;
/** Limit above `debug`: while a database is away, thousands of requests a second would log the same line. */
const LINES_PER_SECOND = 50;

/**
 * Logs a line for each answer: successes at `debug`, mistakes of the client at `info`, failures of the server at
 * `warn`. Bodies, headers and queries are never logged, and of API keys only the prefix.
 */
export class AccessLog {
  readonly #log: Pick<Logger, 'isLevelEnabled' | 'debug' | 'info' | 'warn'>;
  #second = 0;
  #lines = 0;
  #left = 0;

  constructor(log: Pick<Logger, 'isLevelEnabled' | 'debug' | 'info' | 'warn'>) {
    this.#log = log;
  }

  /** For `onAnswer` of the server. */
  write(request: HttpRequest, route: string, status: number, durationMs: number): void {
    const level = levelOf(status);
    if (!this.#log.isLevelEnabled(level)) return;
    if (level !== 'debug' && !this.#takeLine()) return;
    this.#log[level](
      {
        method: request.method,
        path: maskPath(request.path),
        route,
        status,
        durationMs: Math.round(durationMs * 1000) / 1000,
        client: request.clientAddress,
        ...(this.#left === 0 ? {} : { linesLeftOut: this.#left }),
      },
      'request',
    );
    this.#left = 0;
  }

  #takeLine(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    if (this.#lines >= LINES_PER_SECOND) {
      this.#left++;
      return false;
    }
    this.#lines++;
    return true;
  }
}

function levelOf(status: number): 'debug' | 'info' | 'warn' {
  if (status < 400 || status === CLIENT_GONE) return 'debug';
  return status < 500 ? 'info' : 'warn';
}

/** Masks the part of a path where an API key belongs, and every part that looks like an API key. */
export function maskPath(path: string): string {
  let followsKoreader = false;
  const shown: string[] = [];
  for (const part of path.slice(0, LOGGED_CHARACTERS).split('/')) {
    const plain = unescaped(part).toLowerCase();
    const isSecret = plain.includes('dogear_') || plain.startsWith('koreader/');
    // Clients and people also write `//` and `/./`: the key is the next part that is not empty or dots.
    const isEmpty = plain === '' || plain === '.' || plain === '..';
    shown.push(isSecret || (followsKoreader && !isEmpty) ? maskApiKeyText(part) : part);
    if (!isEmpty) followsKoreader = plain === 'koreader';
  }
  return shown.join('/');
}

/** Decodes escaped ASCII: `%64ogear_…` is an API key too, and `koreader%2F…` is followed by one. */
function unescaped(part: string): string {
  return part.replaceAll(/%([2-7][0-9a-f])/gi, (_escape, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}
