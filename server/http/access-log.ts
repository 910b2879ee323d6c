import type { Logger } from 'pino';
import { maskApiKeyText } from '../accounts/keys/api-key-text.js';
import type { HttpRequest } from './request.js';
import { CLIENT_GONE } from './uws.js';

/** Longer paths are cut: a log line is not a place to store things in. */
const LOGGED_CHARACTERS = 300;
/** Lines a second above `debug`: while a database is away, thousands of requests a second have the same to say. */
const LINES_PER_SECOND = 50;

/**
 * Writes a line for each answer: at `debug` what went well, at `info` what the client did wrong, at `warn` what is
 * the server's fault. Neither bodies nor headers nor queries, and API keys only by their prefix.
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

/** Shows no secret of what stands where an API key belongs, nor of anything that looks like one. */
export function maskPath(path: string): string {
  let followsKoreader = false;
  const shown: string[] = [];
  for (const part of path.slice(0, LOGGED_CHARACTERS).split('/')) {
    const plain = unescaped(part).toLowerCase();
    const isSecret = plain.includes('dogear_') || plain.startsWith('koreader/');
    // Clients and people write `//` and `/./` as well: the key is the next part that says something.
    const isNothing = plain === '' || plain === '.' || plain === '..';
    shown.push(isSecret || (followsKoreader && !isNothing) ? maskApiKeyText(part) : part);
    if (!isNothing) followsKoreader = plain === 'koreader';
  }
  return shown.join('/');
}

/** Whatever way its letters are written: `%64ogear_…` is a key as well, and `koreader%2F…` the place of one. */
function unescaped(part: string): string {
  return part.replaceAll(/%([2-7][0-9a-f])/gi, (_escape, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}
