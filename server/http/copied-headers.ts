import { READ_HEADERS, type ReadHeader } from './request.js';
import type { CompiledRoute } from './router.js';

interface HeaderSource {
  getHeader(lowerCaseName: string): string;
}

/** The headers that a route reads, copied while the native request is valid. */
export class CopiedHeaders {
  readonly #names: readonly ReadHeader[];
  readonly #values: readonly string[];

  constructor(route: CompiledRoute | undefined, request: HeaderSource) {
    this.#names = route?.headers ?? READ_HEADERS;
    this.#values = this.#names.map((name) => request.getHeader(name));
  }

  /** @returns `undefined` when absent or empty. @throws Error for a header that the route does not declare */
  get(name: ReadHeader): string | undefined {
    const value = this.#values[this.#names.indexOf(name)];
    if (value === undefined) throw new Error(`the route does not declare the header ${name}`);
    if (value === '') return undefined;
    // The native value has one character for each byte (Latin-1).
    return isAsciiHeader(value) ? value : Buffer.from(value, 'latin1').toString('utf8');
  }
}

/** Nearly all requests are PUT or GET; constants avoid a new string for each of them. */
export function upperCased(method: string): string {
  if (method === 'put') return 'PUT';
  return method === 'get' ? 'GET' : method.toUpperCase();
}

function isAsciiHeader(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
