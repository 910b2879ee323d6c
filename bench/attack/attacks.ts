import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { newApiKey } from '../../server/accounts/keys/api-key-secret.js';
import { type AttackName, type AttackReport, type AttackTask, HOSTILE_ADDRESS } from './attack-task.js';

/** Counts what the hostile clients of one process see. */
export class AttackTally {
  readonly #answers = new Map<string, number>();
  #check: Promise<void> | undefined;
  opened = 0;
  closed = 0;
  checked = 0;
  storedUnanswered = 0;
  believed = 0;

  answer(status: string): void {
    this.#answers.set(status, (this.#answers.get(status) ?? 0) + 1);
  }

  /** Runs one check at a time; a further one is left out meanwhile. */
  check(work: () => Promise<void>): void {
    this.#check ??= work().finally(() => (this.#check = undefined));
  }

  /** When the check that is running has ended. */
  async report(): Promise<AttackReport> {
    await this.#check;
    const { opened, closed, checked, storedUnanswered, believed } = this;
    return {
      opened,
      closed,
      checked,
      storedUnanswered,
      believed,
      answers: Object.fromEntries(this.#answers),
    };
  }
}

/** Starts the clients of an attack, which go on until their process ends. */
type Attack = (task: AttackTask, tally: AttackTally) => void;

const DESCRIPTION = 'GET /api/v1/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n';
const NOWHERE = 'GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n';
const NOWHERE_BYTES = 4 * 1024 * 1024;
const BURST = 200;
const SLOW_CONNECTIONS = 50;
/** A byte of a slow body is sent this often. */
const SLOW_MS = 500;
/** A push waits no longer than that for its commit. */
const SETTLED_MS = 2000;
/** After this time without an answer a client gives up. */
const ANSWER_MS = 3000;

export const ATTACKS: Readonly<Record<AttackName, Attack>> = {
  'unread description': (task, tally) => unread(task, tally, 1, DESCRIPTION.repeat(6500)),
  'unread description on 200 connections': (task, tally) => unread(task, tally, 200, DESCRIPTION.repeat(400)),
  'unread 404s': (task, tally) =>
    unread(task, tally, 1, NOWHERE.repeat(Math.floor(NOWHERE_BYTES / NOWHERE.length))),
  'burst of pushes': (task, tally) => again(task, () => burst(task, tally, BURST, false)),
  'half-closed push': (task, tally) => again(task, () => burst(task, tally, 1, true)),
  'doubtful framing': doubtfulFraming,
  'slow bodies': slowBodies,
  'wrong keys': (task, tally) =>
    again(task, async () => {
      await exchange(task, tally, `GET /koreader/${newApiKey().text}/users/auth HTTP/1.1\r\nHost: a\r\n\r\n`);
    }),
  'many devices': (task, tally) => {
    let device = 0;
    again(task, async () => {
      const device_id = `hostile-${String(++device)}`;
      await exchange(task, tally, push(task, { document: task.document, progress: 'x', device_id }));
    });
  },
  'pulls of one document': (task, tally) => pullAgain(task, tally, `${task.keyPath}/syncs`),
  translation: (task, tally) => pullAgain(task, tally, '/api/v1'),
};

/** As many at once as a household may have. */
const PULLING_CONNECTIONS = 4;

function pullAgain(task: AttackTask, tally: AttackTally, base: string): void {
  const head = `GET ${base}/progress/${task.document} HTTP/1.1\r\nHost: a\r\n`;
  const request = `${head}Authorization: Bearer ${task.key}\r\n\r\n`;
  for (let i = 0; i < PULLING_CONNECTIONS; i++) again(task, () => exchange(task, tally, request));
}

/** Repeats an attempt until the process ends. A connection that fails is no reason to stop. */
function again({ pauseMs }: AttackTask, attempt: () => Promise<unknown>): void {
  const loop = async (): Promise<never> => {
    for (;;) {
      await attempt();
      await delay(pauseMs);
    }
  };
  loop().catch((error: unknown) => {
    throw error;
  });
}

function open({ port }: AttackTask, tally: AttackTally, isReading: boolean): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: HOSTILE_ADDRESS, allowHalfOpen: true });
  if (!isReading) socket.pause();
  socket.setNoDelay(true);
  socket.once('connect', () => (tally.opened += 1));
  // `close` follows, where it is counted.
  socket.on('error', () => undefined);
  return socket;
}

/** Connections that send a lot and never read. One more request now and then shows whether the server has closed. */
function unread(task: AttackTask, tally: AttackTally, connections: number, requests: string): void {
  const bytes = Buffer.from(requests);
  const one = Buffer.from(NOWHERE);
  const attempt = async (): Promise<void> => {
    const socket = open(task, tally, false);
    socket.once('connect', () => socket.write(bytes));
    while (!socket.closed) {
      await delay(SLOW_MS);
      if (socket.writableLength === 0) socket.write(one);
    }
    tally.closed += 1;
  };
  for (let i = 0; i < connections; i++) again(task, attempt);
}

interface Exchanged {
  readonly statuses: readonly string[];
  readonly text: string;
  readonly isClosed: boolean;
}

/** Sends bytes on a new connection and reads until that many answers came, the server closed, or time is up. */
function exchange(
  task: AttackTask,
  tally: AttackTally,
  bytes: string,
  { answers = 1, isHalfClosed = false } = {},
): Promise<Exchanged> {
  return new Promise((resolve) => {
    const socket = open(task, tally, true);
    let text = '';
    const finish = (isClosed: boolean): void => {
      clearTimeout(timer);
      if (isClosed) tally.closed += 1;
      socket.removeAllListeners('data').removeAllListeners('end').removeAllListeners('close');
      socket.destroy();
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = '']) => status);
      for (const status of statuses) tally.answer(status);
      resolve({ statuses, text, isClosed });
    };
    const timer = setTimeout(() => finish(false), ANSWER_MS);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if ((text.match(/HTTP\/1\.1 \d{3}/g)?.length ?? 0) >= answers) finish(false);
    });
    socket.once('end', () => finish(true));
    socket.once('close', () => finish(true));
    if (isHalfClosed) socket.end(bytes);
    else socket.write(bytes);
  });
}

interface HostilePush {
  readonly document: string;
  readonly progress: string;
  readonly device_id: string;
}

function pushHead({ keyPath }: AttackTask): string {
  return `PUT ${keyPath}/syncs/progress HTTP/1.1\r\nHost: a\r\n`;
}

function pushBody(fields: HostilePush): string {
  return JSON.stringify({ ...fields, percentage: 0.5, device: 'h' });
}

function push(task: AttackTask, fields: HostilePush): string {
  const body = pushBody(fields);
  return `${pushHead(task)}Content-Length: ${String(body.length)}\r\n\r\n${body}`;
}

/** Some pushes in one segment. Those without an answer must not be stored. */
async function burst(
  task: AttackTask,
  tally: AttackTally,
  size: number,
  isHalfClosed: boolean,
): Promise<void> {
  const device_id = randomBytes(6).toString('hex');
  const documents = Array.from({ length: size }, (_none, i) => `hostile-burst-${String(i)}`);
  const pushes = documents.map((document) => push(task, { document, progress: device_id, device_id }));
  const { statuses } = await exchange(task, tally, pushes.join(''), { answers: size, isHalfClosed });
  const unanswered = documents.slice(statuses.length);
  if (unanswered.length === 0) return;
  tally.check(async () => {
    // A push that was still waiting is either stored or withdrawn by then.
    await delay(SETTLED_MS);
    const authorization = `Host: a\r\nAuthorization: Bearer ${task.key}\r\n`;
    for (const document of unanswered) {
      // Shows the position of each device, so that later bursts do not hide this one.
      const request = `GET /api/v1/progress/${document} HTTP/1.1\r\n${authorization}\r\n`;
      const { text } = await exchange(task, tally, request);
      tally.checked += 1;
      if (text.includes(device_id)) tally.storedUnanswered += 1;
    }
  });
}

/** Headers of a push whose body ends at different places for different readers, by the length of the body. */
const DOUBTFUL_HEADERS: readonly ((bytes: number) => string)[] = [
  (bytes) => `Content-Length: ${String(bytes)}\r\nContent-Length: ${String(bytes + 1)}\r\n`,
  () => 'Transfer-Encoding: xchunked\r\n',
  () => 'Transfer-Encoding: gzip, chunked\r\n',
  (bytes) => `Transfer-Encoding: chunked\r\nContent-Length: ${String(bytes)}\r\n`,
];

function doubtfulFraming(task: AttackTask, tally: AttackTally): void {
  let turn = 0;
  again(task, async () => {
    const headersOf = DOUBTFUL_HEADERS[turn++ % DOUBTFUL_HEADERS.length];
    const body = pushBody({ document: 'hostile-framing', progress: 'x', device_id: 'framing' });
    const headers = headersOf?.(body.length) ?? '';
    const sent = headers.includes('chunked') ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
    const { statuses } = await exchange(task, tally, `${pushHead(task)}${headers}\r\n${sent}`);
    if (statuses.includes('200')) tally.believed += 1;
  });
}

function slowBodies(task: AttackTask, tally: AttackTally): void {
  const request = push(task, { document: 'hostile-slow', progress: 'x', device_id: 'slow' });
  const start = request.indexOf('\r\n\r\n') + 4;
  const attempt = async (): Promise<void> => {
    const socket = open(task, tally, true);
    socket.once('end', () => socket.destroy());
    socket.resume();
    socket.write(request.slice(0, start));
    for (let sent = start; !socket.closed && sent < request.length; sent++) {
      await delay(SLOW_MS);
      if (!socket.closed) socket.write(request.charAt(sent));
    }
    if (socket.closed) tally.closed += 1;
    socket.destroy();
  };
  for (let i = 0; i < SLOW_CONNECTIONS; i++) again(task, attempt);
}
