import { hostname } from 'node:os';
import { isIP } from 'node:net';
import type { AnswerHeaders } from './answer.js';
import { ProblemError } from './problem.js';
import type { HttpRequest } from './request.js';

export interface ConsoleOptions {
  /** Prefix of every path: `''` or `/sync`. */
  readonly basePath: string;
  /** The setting `server.public_url`. */
  readonly publicUrl: string | undefined;
  /** The setting `server.hosts`. */
  readonly hosts: readonly string[];
  /** The server itself speaks HTTPS. */
  readonly isTls: boolean;
}

type ConsoleRequest = Pick<HttpRequest, 'header' | 'isFromTrustedProxy' | 'method'>;

/**
 * Without the prefixes below, for plain HTTP. A browser accepts the others over HTTPS alone: `__Host-` also keeps sites with
 * another name in the same domain from setting the cookie, but needs the path `/`. With a base path there are other programs
 * at the same address, so the cookie is sent to this one alone.
 */
export const SESSION_COOKIE = 'dogear_session';
const HOST_COOKIE = `__Host-${SESSION_COOKIE}`;
const SECURE_COOKIE = `__Secure-${SESSION_COOKIE}`;
/** The longest time that browsers keep a cookie. The server ends sessions, not the browser. */
const COOKIE_SECONDS = 400 * 24 * 60 * 60;
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * What a request from the console must be like, so that no other web page can send it: from its own origin, to a name of
 * this server, with a type that forms cannot send. Makes and reads the cookie of a session.
 */
export class ConsoleAccess {
  readonly #options: ConsoleOptions;
  readonly #publicUrl: URL | undefined;
  readonly #hosts: ReadonlySet<string>;

  constructor(options: ConsoleOptions) {
    this.#options = options;
    this.#publicUrl = options.publicUrl === undefined ? undefined : new URL(options.publicUrl);
    const own = hostname().toLowerCase();
    const firstLabel = own.split('.')[0] ?? own;
    this.#hosts = new Set([
      own,
      `${firstLabel}.local`,
      ...(this.#publicUrl === undefined ? [] : [this.#publicUrl.hostname]),
      ...options.hosts.map((host) => host.toLowerCase()),
    ]);
  }

  /**
   * Whether a browser may have this name of the server. A page of the internet can make the browser believe that its own
   * name leads to this machine (DNS rebinding), and would then be of the same origin.
   *
   * Names that the public name system cannot have are safe: those without a dot, and those in the domains for local use
   * (RFC 6761, RFC 6762, RFC 8375, and `internal`). A container does not know what the machine around it is called.
   *
   * @param host the header `Host`
   */
  isHostAllowed(host: string | undefined): boolean {
    const name = hostNameOf(host);
    if (name === undefined) return false;
    return (
      isIP(name) !== 0 ||
      !name.includes('.') ||
      /\.(?:localhost|local|internal|home\.arpa)$/.test(name) ||
      this.#hosts.has(name)
    );
  }

  /** @throws ProblemError `host-unknown` */
  requireHost(request: ConsoleRequest): void {
    const host = request.header('host');
    if (this.isHostAllowed(host)) return;
    throw new ProblemError(
      'host-unknown',
      `This server does not know that it is called ${shownHost(host)}. Add the name to the setting server.hosts, or set ` +
        'server.public_url.',
    );
  }

  /**
   * For every request that changes something and is authenticated by a cookie, or begins a session.
   *
   * @throws ProblemError `host-unknown`, `origin-refused`, `content-type-refused`
   */
  requireOwnPage(request: ConsoleRequest): void {
    this.requireHost(request);
    if (SAFE_METHODS.has(request.method)) return;
    if (!this.#isOwnOrigin(request)) {
      throw new ProblemError(
        'origin-refused',
        'The request does not come from a page of this server. Behind a proxy that changes the header Host, set ' +
          'server.public_url to the address that the browser shows.',
      );
    }
    if (!/^application\/json *(?:;|$)/i.test(request.header('content-type') ?? '')) {
      throw new ProblemError('content-type-refused', 'Send "Content-Type: application/json".');
    }
  }

  /** The secret in the cookie of a session, if the request has one. */
  secretOf(request: ConsoleRequest): string | undefined {
    const cookies = request.header('cookie');
    if (cookies === undefined) return undefined;
    const port = portSuffix(request);
    const secure = `${this.#options.basePath === '' ? HOST_COOKIE : SECURE_COOKIE}${port}`;
    // A page of a neighbouring name could have set the cookie without a prefix.
    return (
      cookieOf(cookies, secure) ??
      (this.#isHttps(request) ? undefined : cookieOf(cookies, `${SESSION_COOKIE}${port}`))
    );
  }

  /**
   * The headers that give the browser a session, for a request that has passed {@link requireOwnPage}. Whether the browser
   * speaks HTTPS is told by its own `Origin`, whatever stands between: with an https `public_url`, the plain address in the
   * home network still works.
   */
  cookieHeaders(request: ConsoleRequest, secret: string): AnswerHeaders {
    return this.#setCookie(request, secret, COOKIE_SECONDS);
  }

  /** The headers that make the browser forget its session. */
  forgetHeaders(request: ConsoleRequest): AnswerHeaders {
    return this.#setCookie(request, '', 0);
  }

  #setCookie(request: ConsoleRequest, value: string, maxAgeSeconds: number): AnswerHeaders {
    const { basePath } = this.#options;
    const isSecure = this.#isOwnHttpsOrigin(request);
    const isHost = isSecure && basePath === '';
    const prefixed = isHost ? HOST_COOKIE : isSecure ? SECURE_COOKIE : SESSION_COOKIE;
    const name = `${prefixed}${portSuffix(request)}`;
    const path = isHost ? '/' : `${basePath}/api/v1`;
    const secure = isSecure ? '; Secure' : '';
    const attributes = `Path=${path}; Max-Age=${String(maxAgeSeconds)}; HttpOnly; SameSite=Strict${secure}`;
    return [['set-cookie', `${name}=${value}; ${attributes}`]];
  }

  #isOwnOrigin(request: ConsoleRequest): boolean {
    const origin = request.header('origin');
    if (origin === undefined) return false;
    if (this.#isOwnHttpsOrigin(request) || origin === this.#publicUrl?.origin) return true;
    return origin === `http://${hostOf(request)}` && !this.#isHttps(request);
  }

  /** A browser that says https did speak HTTPS, even where the proxy that decrypted it does not say so. */
  #isOwnHttpsOrigin(request: ConsoleRequest): boolean {
    const origin = request.header('origin');
    if (origin?.startsWith('https://') !== true) return false;
    return origin === this.#publicUrl?.origin || origin === `https://${hostOf(request)}`;
  }

  /** Whether the browser certainly speaks HTTPS. */
  #isHttps(request: ConsoleRequest): boolean {
    if (this.#options.isTls || this.#isOwnHttpsOrigin(request)) return true;
    if (!request.isFromTrustedProxy) return false;
    const [scheme = ''] = (request.header('x-forwarded-proto') ?? '').split(',');
    return scheme.trim().toLowerCase() === 'https';
  }
}

function hostOf(request: ConsoleRequest): string {
  return request.header('host')?.toLowerCase() ?? '';
}

/**
 * Browsers send a cookie to all ports of a host. With the port in its name, signing in to one of two servers on a machine
 * does not sign out of the other. Empty where `Host` has no port, which is then 80 or 443.
 */
function portSuffix(request: ConsoleRequest): string {
  const [, port] = /:(\d{1,5})$/.exec(request.header('host') ?? '') ?? [];
  return port === undefined ? '' : `_${port}`;
}

/** Of `Host`, without the port, in lower case, without the dot at its end. `undefined` for what is no host. */
function hostNameOf(host: string | undefined): string | undefined {
  const [, address, name] = /^(?:\[([\da-f:.]+)\]|([^\s:/@?#[\]]+))(?::\d{1,5})?$/i.exec(host ?? '') ?? [];
  return (address ?? name?.replace(/\.$/, ''))?.toLowerCase();
}

/** Longer names, and others than those of machines, are not repeated. */
function shownHost(host: string | undefined): string {
  const name = hostNameOf(host);
  return name !== undefined && /^[a-z\d._-]{1,253}$/.test(name) ? `"${name}"` : 'that';
}

function cookieOf(cookies: string, name: string): string | undefined {
  for (const cookie of cookies.split(';')) {
    const [key, ...value] = cookie.trim().split('=');
    if (key === name) return value.join('=');
  }
  return undefined;
}
