import { STATUS_CODES } from 'node:http';
import type { Answer, AnswerHeaders, FileAnswer, StreamAnswer } from './answer.js';
import { BodyBuffer } from './body-buffer.js';
import { clientAddress, forwardedForOf, isTrustedPeer, type Network } from './client-address.js';
import { type Cors, PREFLIGHT } from './cors.js';
import { CopiedHeaders, upperCased } from './copied-headers.js';
import { DescriptorReserve } from './descriptor-reserve.js';
import { ListenError } from './listen-error.js';
import { LoopTurns, type Postponed } from './loop-turns.js';
import type { HttpRequest, ReadHeader } from './request.js';
import { announcedBodyBytes } from './request-framing.js';
import type { Failure } from './route.js';
import type { RouteMatch, Router } from './router.js';
import { UnreadConnections } from './unread-connections.js';
import {
  loadUws,
  openApp,
  type NativeListenSocket,
  type NativeRequest,
  type NativeResponse,
} from './uws-native.js';

export interface HttpServerOptions {
  /** An address or a name. `::` accepts IPv4 as well, if the system does so. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly router: Router;
  /** A longer body is refused with 413. */
  readonly bodyLimitBytes: number;
  /** Proxies whose X-Forwarded-For is believed (client-address.ts). */
  readonly trustedProxies: readonly Network[];
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string };
  /** Which web pages may use the server; `undefined`: none. */
  readonly cors?: Cors;
  /** Lets several threads and processes listen on the port. The system spreads connections over them. */
  readonly sharesPort?: boolean;
  /** Called now and then for clients that sent nothing that can be read (unread-connections.ts). Must not throw. */
  readonly onUnread?: (clientAddress: string, connections: number) => void;
  /** Called now and then when connections were closed because too few descriptors are left (descriptor-reserve.ts). */
  readonly onRefused?: (connections: number, openFilesLimit: number) => void;
  /**
   * Called just before an answer is sent, or when the client has left before (`CLIENT_GONE`). The address of a client that
   * has left cannot be read any more: it is `unknown` unless it was read before. Must not throw.
   */
  readonly onAnswer?: (request: HttpRequest, route: string, status: number, durationMs: number) => void;
}

export interface HttpServer {
  readonly port: number;
  /** Number of requests that are not answered yet. */
  readonly active: number;
  /**
   * Accepts no more connections, waits until every request is answered, then closes the open connections. Requests
   * that arrive on open connections meanwhile are answered with `Connection: close`.
   */
  close(deadlineMs: number): Promise<void>;
}

/** The `route` of `onAnswer` for requests without a route. */
export const NO_ROUTE = 'none';
/** The `status` of `onAnswer` when the client left before the answer was sent. nginx logs the same number. */
export const CLIENT_GONE = 499;

const NOT_PROXIED = new ArrayBuffer(0);

/** How often a closing server checks whether every request is answered. */
const CLOSE_POLL_MS = 10;

/** The package that answers HTTP. @throws ListenError when it cannot be loaded */
export function nativePackage(): string {
  return loadUws().packageName;
}

/** @throws ListenError */
export async function listen(options: HttpServerOptions): Promise<HttpServer> {
  const { uws } = loadUws();
  const { host, port, tls } = options;
  const app = openApp(uws, tls);
  const state: ServerState = { options, turns: new LoopTurns(), active: 0, isClosing: false };
  const unread = new UnreadConnections((address, connections) => options.onUnread?.(address, connections));
  app.any('/*', (response, request) => {
    unread.requested();
    new Exchange(state, response, request).begin();
  });
  const reserve = new DescriptorReserve((connections, limit) => options.onRefused?.(connections, limit));
  let isRefusing = false;
  app.filter((response, change) => {
    if (change < 0) {
      if (!state.isClosing && !isRefusing) unread.closed();
    } else if (reserve.admits()) {
      // A copy, because the memory belongs to uWebSockets.js.
      const peer = response.getRemoteAddress().slice(0);
      unread.opened(() => clientAddress(peer, NOT_PROXIED, '', []));
    } else {
      isRefusing = true;
      response.close(); // calls this filter
      isRefusing = false;
    }
  });
  const sharing = options.sharesPort === true ? 0 : uws.LIBUS_LISTEN_EXCLUSIVE_PORT;
  const socket = await new Promise<NativeListenSocket>((resolve, reject) => {
    app.listen(host, port, sharing, (listening) => {
      if (listening !== false) resolve(listening);
      else {
        reject(
          new ListenError(`Cannot listen on ${host}, port ${String(port)}: it is taken or not permitted.`),
        );
      }
    });
  });
  let closing: Promise<void> | undefined;
  return {
    port: uws.us_socket_local_port(socket),
    get active() {
      return state.active;
    },
    close: (deadlineMs) => {
      closing ??= (async () => {
        uws.us_listen_socket_close(socket);
        state.isClosing = true;
        const giveUpMs = performance.now() + deadlineMs;
        while (state.active > 0 && performance.now() < giveUpMs) {
          await new Promise((resolve) => setTimeout(resolve, CLOSE_POLL_MS));
        }
        app.close();
      })();
      return closing;
    },
  };
}

interface ServerState {
  readonly options: HttpServerOptions;
  readonly turns: LoopTurns;
  active: number;
  isClosing: boolean;
}

/**
 * One request and its answer. The constructor copies everything that is needed of the native request, before anything
 * can be awaited. The answer is written once, or not at all when the client has left. uws-native.ts says how long native
 * values are valid. Slow headers and bodies need no care here: uWebSockets.js closes a connection that has not delivered
 * them within ten seconds.
 *
 * A client that does not read its answers costs no memory. What its socket does not take of an answer stays where the
 * answer is; nothing of the next request is served meanwhile, because uWebSockets.js closes the connection at it; and it
 * closes a connection that takes nothing for ten seconds.
 */
class Exchange implements HttpRequest, Postponed {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  params: readonly string[];
  body = '';
  receivedMs = 0;
  readonly #server: ServerState;
  readonly #response: NativeResponse;
  #match: RouteMatch;
  readonly #headers: CopiedHeaders;
  readonly #forwardedFor: string;
  readonly #corsHeaders: AnswerHeaders | undefined;
  readonly #isPreflight: boolean;
  /** `Infinity` when it is not announced; `undefined` when that is not certain. */
  readonly #bodyBytes: number | undefined;
  readonly #startedMs = performance.now();
  #clientAddress: string | undefined;
  /** The turn in which uWebSockets.js last gave something of the request. */
  #turn: number;
  /** The answer, as soon as there is one. It may have to wait until it may be sent. */
  #given: Answer | undefined;
  #closesConnection = false;
  #isObserved = false;
  /** Answered, or the client has left: the native response must not be used any more. */
  #isOver = false;
  #hasLeft = false;
  #onGone: (() => void) | undefined;

  constructor(server: ServerState, response: NativeResponse, request: NativeRequest) {
    this.#server = server;
    this.#response = response;
    this.#turn = server.turns.enter();
    this.method = upperCased(request.getMethod());
    this.path = request.getUrl();
    this.query = request.getQuery() ?? '';
    this.#match = server.options.router.match(this.method, this.path);
    const { route, params } = this.#match;
    this.params = params ?? [];
    this.#headers = new CopiedHeaders(route, request);
    this.#forwardedFor = server.options.trustedProxies.length === 0 ? '' : forwardedForOf(request);
    const { cors } = server.options;
    const origin = cors === undefined ? '' : request.getHeader('origin');
    this.#corsHeaders = cors?.headersFor(origin);
    this.#isPreflight = this.method === 'OPTIONS' && cors?.isAllowed(origin) === true;
    this.#bodyBytes = announcedBodyBytes(this.method, request);
  }

  begin(): void {
    this.#server.active++;
    this.#response.onAborted(this.#abort);
    const match = this.#match;
    const bodyBytes = this.#bodyBytes;
    if (bodyBytes === undefined) {
      this.#closesConnection = true;
      this.#fail({ kind: 'framing-doubtful' });
    } else if (bodyBytes !== Infinity && bodyBytes > this.#server.options.bodyLimitBytes) {
      this.#refuseBody();
    } else if (this.#isPreflight) {
      this.#answer(PREFLIGHT);
    } else if (match.loading !== undefined || match.route?.readsBody === true) {
      this.#readBody();
    } else {
      // A body that nobody reads must not go on for ever.
      this.#closesConnection = bodyBytes === Infinity;
      this.#received();
    }
  }

  header(name: ReadHeader): string | undefined {
    return this.#headers.get(name);
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  get isUserNameLost(): boolean {
    return this.#headers.isUserNameLost;
  }

  get clientAddress(): string {
    if (this.#clientAddress === undefined) {
      if (this.#isOver) return 'unknown';
      this.#clientAddress = clientAddress(
        this.#response.getRemoteAddress(),
        this.#response.getProxiedRemoteAddress(),
        this.#forwardedFor,
        this.#server.options.trustedProxies,
      );
    }
    return this.#clientAddress;
  }

  get isFromTrustedProxy(): boolean {
    const { trustedProxies } = this.#server.options;
    if (this.#isOver || trustedProxies.length === 0) return false;
    return isTrustedPeer(this.#response.getRemoteAddress(), trustedProxies);
  }

  #readBody(): void {
    const body = new BodyBuffer(this.#server.options.bodyLimitBytes);
    this.#response.onData((chunk, isLast) => {
      if (this.#isOver) return;
      this.#turn = this.#server.turns.enter();
      if (!isLast) {
        if (!body.add(chunk)) this.#refuseBody();
        return;
      }
      const text = body.addLast(chunk);
      if (text === undefined) {
        this.#refuseBody();
      } else {
        this.body = text;
        this.#received();
      }
    });
  }

  /** At once: uWebSockets.js then closes the connection before it reads more of the body. */
  #refuseBody(): void {
    const answer = this.#failed({ kind: 'body-too-large', limitBytes: this.#server.options.bodyLimitBytes });
    this.#observe(answer.status);
    this.#response.cork(() => {
      this.#writeHead(answer);
      this.#response.end(answer.body, true);
    });
    this.#end();
  }

  /**
   * What changes data waits for a turn: a client that sent more than one request at once, or ended its connection with
   * the request, has left by then, and nothing is done of which it would never hear.
   */
  #received(): void {
    this.receivedMs = performance.now();
    const { loading } = this.#match;
    if (loading === undefined) this.#begin();
    else loading.then(this.#loaded, this.#thrown);
  }

  #begin(): void {
    const { route, failure } = this.#match;
    if (failure !== undefined) this.#fail(failure);
    else if (route?.method === 'GET') this.#handle();
    else this.#server.turns.atNextEnd(this);
  }

  /** The routes of the path have been loaded. All headers were copied, and a body was read, for any route of them. */
  readonly #loaded = (): void => {
    if (this.#isOver) return;
    this.#turn = this.#server.turns.enter();
    this.#match = this.#server.options.router.match(this.method, this.path);
    this.params = this.#match.params ?? [];
    if (this.#match.route?.readsBody !== true) this.body = '';
    this.#begin();
  };

  /** For LoopTurns: to send the answer if there is one, otherwise to handle the request. */
  goOn(): void {
    if (this.#isOver) return;
    if (this.#given === undefined) this.#handle();
    else this.#send(this.#given);
  }

  /** Not an async function, which would cost one more promise for each request. */
  #handle(): void {
    try {
      const answer = this.#match.route?.handle(this);
      if (answer instanceof Promise) answer.then(this.#finish, this.#thrown);
      else if (answer !== undefined) this.#finish(answer);
    } catch (error) {
      this.#thrown(error);
    }
  }

  /** Never throws. */
  readonly #finish = (answer: Answer | StreamAnswer | FileAnswer): void => {
    try {
      if (!('pieces' in answer)) this.#answer(answer);
      else if ('bodyBytes' in answer && (this.method === 'HEAD' || answer.bodyBytes === 0)) {
        answer.ended?.();
        this.#answer({ ...answer, body: '', headBytes: answer.bodyBytes });
      } else if (this.method === 'HEAD') this.#answer({ ...answer, body: '' });
      else if ('bodyBytes' in answer) void this.#sendFile(answer).catch(this.#thrown).finally(answer.ended);
      else this.#stream(answer).catch(this.#thrown);
    } catch (error) {
      this.#thrown(error);
    }
  };

  readonly #thrown = (error: unknown): void => this.#fail({ kind: 'thrown', error });

  #fail(failure: Failure): void {
    this.#answer(this.#failed(failure));
  }

  #failed(failure: Failure): Answer {
    const group = this.#match.route === undefined ? this.#match.group : this.#match.route.group;
    return group.fail(failure, this);
  }

  #answer(answer: Answer): void {
    if (this.#isOver || this.#given !== undefined) return;
    this.#given = answer;
    if (this.#turn === this.#server.turns.current) this.#server.turns.atEnd(this);
    else this.#send(answer);
  }

  /** Must not run while uWebSockets.js parses what the connection sent: see LoopTurns. */
  #send(answer: Answer): void {
    this.#observe(answer.status);
    const { body } = answer;
    if (this.#closesConnection || this.method === 'HEAD' || body.length === 0) {
      this.#sendAndClose(answer);
      return;
    }
    let isSent = true;
    this.#response.cork(() => {
      this.#writeHead(answer);
      if (this.#server.isClosing) this.#response.writeHeader('Connection', 'close');
      isSent = this.#response.tryEnd(body, 0)[1];
    });
    if (isSent) this.#end();
    else this.#sendRest(typeof body === 'string' ? Buffer.from(body) : body);
  }

  /** Sends the rest of a body whenever the socket takes some of it. */
  #sendRest(body: Uint8Array): void {
    this.#response.onWritable((offset) => {
      let isTaken = true;
      let isSent = false;
      this.#response.cork(() => {
        [isTaken, isSent] = this.#response.tryEnd(body.subarray(offset), body.length);
      });
      if (isSent) this.#end();
      return isTaken;
    });
  }

  /**
   * Sends a short answer and closes the connection, whether its socket takes the answer or not. Answers without a body
   * end so too: of them uWebSockets.js does not tell whether the socket took them, and a client that never reads could
   * pile them up.
   *
   * `end(body, true)` would leave the connection open while it has bytes to send, and forget that it was to be closed
   * when the next request comes. So the answer is written as headers, of which uWebSockets.js ends each with CR LF.
   */
  #sendAndClose(answer: Answer): void {
    const { body } = answer;
    const hasBody = this.method !== 'HEAD' && body.length > 0;
    this.#response.cork(() => {
      this.#writeHead(answer);
      this.#response.writeHeader('Date', new Date().toUTCString());
      // 204, and HEAD of a stream, have no length.
      const bytes = answer.headBytes ?? Buffer.byteLength(body) + (hasBody ? 2 : 0);
      if (bytes > 0 || answer.headBytes !== undefined)
        this.#response.writeHeader('Content-Length', String(bytes));
      this.#response.writeHeader(
        'Connection',
        hasBody
          ? `close\r\n\r\n${typeof body === 'string' ? body : Buffer.from(body).toString()}`
          : 'close\r\n',
      );
    });
    this.#end();
    this.#response.close();
  }

  async #stream(answer: StreamAnswer): Promise<void> {
    if (this.#isOver) return;
    this.#observe(answer.status);
    const gone = new AbortController();
    let wake: (() => void) | undefined;
    this.#onGone = () => {
      gone.abort();
      wake?.();
    };
    this.#response.onWritable(() => {
      wake?.();
      return true;
    });
    this.#response.cork(() => {
      this.#writeHead(answer);
      this.#response.write('');
    });
    try {
      for await (const piece of answer.pieces(gone.signal)) {
        if (gone.signal.aborted) break;
        const taken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        let isTaken = true;
        this.#response.cork(() => {
          isTaken = this.#response.write(piece);
        });
        if (!isTaken) await taken;
        if (gone.signal.aborted) break;
      }
    } catch (error) {
      // The status has been sent. Closing the connection tells the client that the answer is incomplete.
      if (!this.#isOver) this.#response.close();
      throw error;
    }
    if (this.#isOver) return;
    this.#response.cork(() => this.#response.end());
    this.#end();
  }

  /**
   * Sends a body of known length whose pieces are read meanwhile. The next piece is requested when the socket has taken the
   * one before, so a slow client costs one piece.
   */
  async #sendFile(answer: FileAnswer): Promise<void> {
    if (this.#isOver) return;
    const { bodyBytes } = answer;
    this.#observe(answer.status);
    const gone = new AbortController();
    let piece: Uint8Array = new Uint8Array();
    let pieceAt = 0;
    // A piece has no length any more when the next one has been read into its memory.
    let nextAt = 0;
    let taken: (() => void) | undefined;
    this.#onGone = () => {
      gone.abort();
      taken?.();
    };
    const send = (head: boolean): boolean => {
      let isTaken = true;
      let isComplete = false;
      this.#response.cork(() => {
        if (head) this.#writeHead(answer);
        [isTaken, isComplete] = this.#response.tryEnd(piece, bodyBytes);
      });
      if (isComplete) this.#end();
      return isTaken || isComplete;
    };
    this.#response.onWritable((offset) => {
      // Nothing is left of the piece while the next one is read.
      if (taken === undefined) return true;
      piece = piece.subarray(offset - pieceAt);
      pieceAt = offset;
      const isTaken = send(false);
      if (isTaken) taken();
      return isTaken;
    });
    try {
      let isFirst = true;
      for await (const next of answer.pieces(gone.signal)) {
        if (gone.signal.aborted) break;
        pieceAt = nextAt;
        piece = typeof next === 'string' ? Buffer.from(next) : next;
        nextAt += piece.length;
        if (nextAt > bodyBytes) throw new Error('there are more bytes than were announced');
        const isTaken = send(isFirst);
        isFirst = false;
        if (!isTaken) {
          await new Promise<void>((resolve) => {
            taken = resolve;
          });
          taken = undefined;
        }
        if (this.#isOver) return;
      }
      if (!this.#isOver) throw new Error('there are fewer bytes than were announced');
    } catch (error) {
      // The status has been sent. Closing the connection tells the client that the answer is incomplete.
      if (!this.#isOver) this.#response.close();
      throw error;
    }
  }

  #writeHead({ status, contentType, headers }: Pick<Answer, 'status' | 'contentType' | 'headers'>): void {
    if (status !== 200) this.#response.writeStatus(`${String(status)} ${STATUS_CODES[status] ?? 'Unknown'}`);
    this.#response.writeHeader('Content-Type', contentType);
    if (headers !== undefined) for (const [name, value] of headers) this.#response.writeHeader(name, value);
    if (this.#corsHeaders === undefined) return;
    for (const [name, value] of this.#corsHeaders) this.#response.writeHeader(name, value);
  }

  readonly #abort = (): void => {
    if (this.#isOver) return;
    this.#hasLeft = true;
    this.#end();
    this.#observe(CLIENT_GONE);
    this.#onGone?.();
  };

  #end(): void {
    this.#isOver = true;
    this.#server.active--;
  }

  /** Counts the request once: a client may leave while its answer is being sent. */
  #observe(status: number): void {
    if (this.#isObserved) return;
    this.#isObserved = true;
    this.#server.options.onAnswer?.(
      this,
      this.#match.route?.label ?? NO_ROUTE,
      status,
      performance.now() - this.#startedMs,
    );
  }
}
