import { READ_HEADERS, type ReadHeader } from './request.js';
import type { CompiledRoute } from './router.js';

interface HeaderSource {
  getHeader(lowerCaseName: string): string;
  forEach(visit: (lowerCaseName: string, value: string) => void): void;
}

/** The headers that a route reads, copied while the native request is valid. */
export class CopiedHeaders {
  readonly #names: readonly ReadHeader[];
  readonly #values: readonly string[];
  /** Whether `x-auth-user` was sent, but nothing of it arrived. */
  readonly isUserNameLost: boolean;

  constructor(route: CompiledRoute | undefined, request: HeaderSource) {
    this.#names = route?.headers ?? READ_HEADERS;
    this.#values = this.#names.map((name) => request.getHeader(name));
    // Looked for only where a key came without a name: readers always send both.
    const isNameless = this.#valueOf('x-auth-user') === '' && (this.#valueOf('x-auth-key') ?? '') !== '';
    this.isUserNameLost = isNameless && isSent(request, 'x-auth-user');
  }

  /** @returns `undefined` when absent or empty. @throws Error for a header that the route does not declare */
  get(name: ReadHeader): string | undefined {
    const value = this.#valueOf(name);
    if (value === undefined) throw new Error(`the route does not declare the header ${name}`);
    if (value === '') return undefined;
    // The native value has one character for each byte (Latin-1).
    return isAsciiHeader(value) ? value : Buffer.from(value, 'latin1').toString('utf8');
  }

  #valueOf(name: ReadHeader): string | undefined {
    return this.#values[this.#names.indexOf(name)];
  }
}

/** `getHeader` returns the same for a header that is absent and for one whose value is empty. */
function isSent(request: HeaderSource, wanted: ReadHeader): boolean {
  let isFound = false;
  request.forEach((name) => {
    isFound ||= name === wanted;
  });
  return isFound;
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
