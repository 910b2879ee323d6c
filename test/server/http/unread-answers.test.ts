import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { jsonAnswer, type Answer } from '../../../server/http/answer.js';
import { CLIENT_GONE } from '../../../server/http/uws.js';
import { sendRaw } from './raw-socket.js';
import { answered, closeServers, get, type Handler, serve } from './served-handler.js';

afterEach(closeServers);

const tick = () => new Promise((resolve) => setImmediate(resolve));
const bytesAnswer = (bytes: number): Answer => ({
  status: 200,
  contentType: 'application/octet-stream',
  body: Buffer.alloc(bytes, 'x'),
});

/** A client that reads nothing until it is told to. */
async function silentClient(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').pause();
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return socket;
}

/** Sends the request up to `times` times, each in a packet and a turn of the loop of its own, until nobody takes it. */
async function sendPaced(socket: Socket, request: string, times: number): Promise<void> {
  for (let i = 0; i < times && !socket.destroyed; i++) {
    socket.write(request);
    await tick();
    await tick();
  }
}

/** The requests that reached the handler. */
function counted(answer: Answer): { readonly handle: Handler; times: number } {
  const counter = {
    times: 0,
    handle: () => {
      counter.times++;
      return answer;
    },
  };
  return counter;
}

describe('a client that does not read its answers', () => {
  it.each([
    ['an address', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no address', 'PATCH / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])(
    'gets one answer in a turn of the loop, and is closed: many requests for %s in one packet',
    async (_case, request) => {
      const answers: number[] = [];
      const server = await serve(() => jsonAnswer(200, {}), {
        onAnswer: (_request, _route, status) => answers.push(status),
      });
      const reply = await sendRaw({ port: server.port, parts: [request.repeat(5000)] });
      expect(reply).toMatchObject({ text: '', isClosed: true });
      expect(new Set(answers)).toEqual(new Set([CLIENT_GONE]));
      // A packet, or what the system made of it, may bring the first request of the next one.
      expect(answers.length).toBeLessThan(10);
    },
  );

  it('is served no further when its socket is full of large answers, and they take no memory', async () => {
    const large = counted(bytesAnswer(2 ** 20));
    const server = await serve(large.handle);
    const socket = await silentClient(server.port);
    const before = process.memoryUsage.rss();
    await sendPaced(socket, get('/'), 500);
    // The system buffers some megabytes on both sides. Every further answer would stay in this process.
    expect(large.times).toBeLessThan(30);
    expect(process.memoryUsage.rss() - before).toBeLessThan(50 * 2 ** 20);
    expect(server.active).toBe(0);
  });

  it('is served no further when its socket is full of small answers', async () => {
    const small = counted(bytesAnswer(12_000));
    const server = await serve(small.handle);
    const socket = await silentClient(server.port);
    await sendPaced(socket, get('/'), 10_000);
    expect(small.times).toBeLessThan(3000);
    expect(server.active).toBe(0);
  });

  it('loses its connection when it takes nothing for some seconds', async () => {
    const server = await serve(() => bytesAnswer(2 ** 24));
    const socket = await silentClient(server.port);
    socket.write(get('/'));
    await vi.waitFor(() => expect(server.answers).toHaveLength(1), { timeout: 10_000 });
    expect(server.active).toBe(1);
    await vi.waitFor(() => expect(server.active).toBe(0), { timeout: 25_000 });
    // Counted once, although it left before it had everything.
    expect(server.answers).toEqual([200]);
  }, 30_000);

  it.each([
    ['HEAD', 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no content', get('/')],
  ])('gets one answer without a body on a connection: %s', async (_case, request) => {
    const empty = counted({ status: 204, contentType: 'application/json', body: '' });
    const { port } = await serve(empty.handle);
    const socket = await silentClient(port);
    await sendPaced(socket, request, 20);
    expect(empty.times).toBe(1);
  });
});

describe('a client that reads slowly', () => {
  it('gets the whole of a large answer, and the next one on the same connection', async () => {
    const body = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => `${String(i)} é `).join(''));
    const server = await serve((request) =>
      request.path === '/large'
        ? { status: 200, contentType: 'text/plain', body: body.toString() }
        : jsonAnswer(200, { body: 'small' }),
    );
    const socket = await silentClient(server.port);
    socket.write(get('/large'));
    await vi.waitFor(() => expect(server.answers).toHaveLength(1), { timeout: 10_000 });
    // The socket has not taken everything.
    expect(server.active).toBe(1);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    for (let i = 0; i < 10_000 && server.active > 0; i++) {
      socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 5));
      socket.resume();
      await tick();
    }
    const all = () => Buffer.concat(chunks);
    const headBytes = () => all().indexOf('\r\n\r\n') + 4;
    await vi.waitFor(() => expect(all()).toHaveLength(headBytes() + body.length), { timeout: 10_000 });
    expect(all().subarray(headBytes()).equals(body)).toBe(true);
    expect(all().toString('latin1', 0, headBytes())).toContain(`Content-Length: ${String(body.length)}`);
    chunks.length = 0;
    socket.write(get('/small'));
    await vi.waitFor(() => expect(answered(1)(all().toString())).toBe(true), { timeout: 10_000 });
    expect(server.answers).toEqual([200, 200]);
  });
});
