import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { LatencyLog } from './latency-log.js';
import { ALL_LOAD_MODES, type LoadMode } from './load-result.js';

// Load on KOReader's sync routes where wrk is not installed: a process of its own with bare sockets, which sends the
// same requests as sync-load.lua and prints the same JSON object. It takes about twice wrk's processor time a request,
// so figures of the two must not be compared. The record names the generator that was used.
//
//   MODE=push KEYS=FILE DOCUMENTS=FILE node socket-load.js PORT CONNECTIONS SECONDS [RATE]
//
// HOST, PREFIX, OWN and keys with a name: see sync-load.lua and load-generator.ts.
//
// With a rate, the connections together send so many requests a second, as readers do that turn pages. Without, each sends
// its next request as soon as the last one is answered.

const keys = lines('KEYS');
const documents = lines('DOCUMENTS');
const targetHost = process.env['HOST'] ?? '127.0.0.1';
const prefix = process.env['PREFIX'] ?? '';
const mode = ALL_LOAD_MODES.find((known) => known === process.env['MODE']);
const [port, connections, seconds, rate = 0] = process.argv.slice(2).map(Number);
if (mode === undefined || port === undefined || connections === undefined || !(Number(seconds) > 0)) {
  throw new Error(
    'usage: MODE=push|pull|read KEYS=FILE DOCUMENTS=FILE socket-load.js PORT CONNECTIONS SECONDS [RATE]',
  );
}

function lines(variable: string): readonly string[] {
  const file = process.env[variable];
  if (file === undefined) throw new Error(`${variable} names no file`);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** Books that each user reads, and the pages of a book: see sync-load.lua. */
const BOOKS = 10;
const PAGES = 400;
/** Documents of each user, one after the other in the list; 0: all. */
const own = Number(process.env['OWN'] ?? 0);
const pages = new Map<number, number>();

/** The next page of a book, as hundred thousandths of the book. */
function nextPlace(book: number): number {
  const page = ((pages.get(book) ?? Math.floor(Math.random() * PAGES)) + 1) % PAGES;
  pages.set(book, page);
  return (page * 100_000) / PAGES;
}

function request(kind: LoadMode, host: string): string {
  const user = Math.floor(Math.random() * keys.length);
  const book = user * BOOKS + Math.floor(Math.random() * BOOKS);
  const place = kind === 'read' ? nextPlace(book) : Math.floor(Math.random() * 100_000);
  const chosen = Math.floor(Math.random() * (own > 0 ? own : documents.length));
  const index = kind === 'read' ? book : own > 0 ? user * own + chosen : chosen;
  const document = documents[index % documents.length] ?? '';
  const [name = '', secret] = (keys[user] ?? '').split(' ');
  const base = secret === undefined ? `${prefix}/koreader/${name}` : prefix;
  const account = secret === undefined ? '' : `x-auth-user: ${name}\r\nx-auth-key: ${secret}\r\n`;
  const headers = `Host: ${host}\r\nAccept: application/vnd.koreader.v1+json\r\n${account}`;
  switch (kind) {
    case 'pull':
      return `GET ${base}/syncs/progress/${document} HTTP/1.1\r\n${headers}\r\n`;
    case 'push':
    case 'read': {
      const body =
        `{"document":"${document}","progress":"/body/DocFragment[${place % 100}]/body/div/p[${place % 1000}]/text().0",` +
        `"percentage":${place / 100_000},"device":"Kobo_nova","device_id":"BENCH${String(user + 1).padStart(4, '0')}"}`;
      return (
        `PUT ${base}/syncs/progress HTTP/1.1\r\n${headers}Content-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`
      );
    }
    default:
      return kind satisfies never;
  }
}

/** Length of the first answer in the text; `undefined` while the answer is incomplete. */
function answerLength(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return undefined;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1];
  const end = head + 4 + Number(length ?? 0);
  return text.length < end ? undefined : end;
}

/** Between two requests of a connection. */
const pauseMs = rate > 0 ? ((connections ?? 1) * 1000) / rate : 0;

/** One connection: sends a request, waits for the whole answer, and repeats until `endMs`. */
function drive(socket: Socket, kind: LoadMode, endMs: number, log: LatencyLog): Promise<void> {
  return new Promise((resolve) => {
    let received = '';
    let sentMs = 0;
    let dueMs = performance.now() + Math.random() * pauseMs;
    const send = (): void => {
      sentMs = performance.now();
      socket.write(request(kind, `${targetHost}:${port}`));
    };
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    const sendWhenDue = (nowMs: number): void => {
      dueMs = Math.max(dueMs + pauseMs, nowMs);
      if (pauseMs === 0) send();
      else setTimeout(send, dueMs - nowMs);
    };
    socket.once('connect', () => sendWhenDue(performance.now()));
    socket.on('data', (chunk: string) => {
      received += chunk;
      const length = answerLength(received);
      if (length === undefined) return;
      const nowMs = performance.now();
      if (/^HTTP\/1\.1 [23]/.test(received)) log.success(nowMs - sentMs);
      else log.failure();
      received = received.slice(length);
      if (nowMs < endMs) sendWhenDue(nowMs);
      else socket.end();
    });
    socket.once('error', () => log.failure());
    socket.once('close', () => resolve());
  });
}

const log = new LatencyLog();
const startMs = performance.now();
const endMs = startMs + (seconds ?? 0) * 1000;
await Promise.all(
  Array.from({ length: connections }, () => drive(connect(port, targetHost), mode, endMs, log)),
);
process.stdout.write(`${JSON.stringify(log.result((performance.now() - startMs) / 1000))}\n`);
