import { afterEach, describe, expect, it, vi } from 'vitest';
import { jsonAnswer, type StreamAnswer } from '../../../server/http/answer.js';
import { CLIENT_GONE } from '../../../server/http/uws.js';
import { sendRaw } from './raw-socket.js';
import { closeServers, get, type Handler, serve } from './served-handler.js';

afterEach(closeServers);

describe('an answer over uWebSockets.js', () => {
  it('is sent once, whatever happens in the handler', async () => {
    const server = await serve(async () => {
      await Promise.resolve();
      throw new Error('broken');
    });
    const reply = await sendRaw({
      port: server.port,
      parts: [get('/')],
      until: (text) => text.includes('thrown'),
    });
    expect(reply.text).toMatch(/^HTTP\/1.1 500 Internal Server Error\r\n/);
    expect(server.failures).toMatchObject([{ kind: 'thrown', error: { message: 'broken' } }]);
    expect(server.answers).toEqual([500]);
  });

  it('is dropped when its client has left', async () => {
    let answer = (): void => undefined;
    const server = await serve(
      () =>
        new Promise((resolve) => {
          answer = () => resolve(jsonAnswer(200, {}));
        }),
    );
    await sendRaw({ port: server.port, parts: [get('/')], deadlineMs: 100 });
    await vi.waitFor(() => expect(server.answers).toEqual([CLIENT_GONE]), { timeout: 5000 });
    answer();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.answers).toEqual([CLIENT_GONE]);
    expect(server.active).toBe(0);
  });

  it('to HEAD has the length of that to GET, no body, and ends the connection', async () => {
    const { port } = await serve(() => jsonAnswer(200, { body: 'é' }));
    const { text, isClosed } = await sendRaw({ port, parts: ['HEAD / HTTP/1.1\r\nHost: x\r\n\r\n'] });
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\nContent-Length: 13\r\nConnection: close\r\n\r\n$/);
    expect(text).toMatch(/\r\nDate: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\n/);
    expect(isClosed).toBe(true);
  });

  it('without content has neither a body nor a length', async () => {
    const { port } = await serve(() => ({ status: 204, contentType: 'application/json', body: '' }));
    const { text, isClosed } = await sendRaw({ port, parts: [get('/')] });
    expect(text).toMatch(/^HTTP\/1.1 204 No Content\r\n[^]*\r\nConnection: close\r\n\r\n$/);
    expect(text).not.toContain('Content-Length');
    expect(isClosed).toBe(true);
  });

  it('has its status, headers and type', async () => {
    const { port } = await serve(() => jsonAnswer(418, {}, [['Retry-After', '7']]));
    const { text } = await sendRaw({ port, parts: [get('/', 'Connection: close')] });
    expect(text).toMatch(/^HTTP\/1.1 418 I'm a Teapot\r\n/);
    expect(text).toContain('\r\nContent-Type: application/json\r\n');
    expect(text).toContain('\r\nRetry-After: 7\r\n');
  });

  const stream =
    (pieces: StreamAnswer['pieces']): Handler =>
    () => ({
      status: 200,
      contentType: 'text/event-stream',
      pieces,
    });

  it('to HEAD of a stream has no length', async () => {
    const { port } = await serve(
      stream(async function* () {
        yield 'piece';
      }),
    );
    const head = 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n';
    const { text } = await sendRaw({ port, parts: [head], until: (got) => got.endsWith('\r\n\r\n') });
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).not.toMatch(/Content-Length|Transfer-Encoding|piece/);
  });

  it('is streamed piece by piece and ends', async () => {
    const { port } = await serve(
      stream(async function* () {
        for (const piece of ['one ', 'two ', 'three']) {
          yield piece;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }),
    );
    const { text } = await sendRaw({ port, parts: [get('/')], until: (got) => got.endsWith('0\r\n\r\n') });
    expect(text).toContain('text/event-stream');
    expect(text.replaceAll(/\r\n[0-9a-f]+\r\n/g, '')).toContain('one two three');
  });

  it('requests no more pieces than the client reads', async () => {
    let made = 0;
    let notice: () => void = () => undefined;
    const aborted = new Promise<void>((resolve) => (notice = resolve));
    const { port } = await serve(
      stream(async function* (signal) {
        signal.addEventListener('abort', () => notice());
        for (;;) {
          made++;
          yield Buffer.alloc(1 << 20);
          await Promise.resolve();
        }
      }),
    );
    const { connect } = await import('node:net');
    const socket = connect(port, '127.0.0.1');
    socket.pause();
    socket.write(get('/'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = made;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(made).toBe(before);
    expect(made).toBeLessThan(50);
    socket.destroy();
    await aborted;
  });

  it('is counted once when its client leaves in the middle', async () => {
    const server = await serve(
      stream(async function* (signal) {
        yield 'begun';
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      }),
    );
    await sendRaw({ port: server.port, parts: [get('/')], until: (text) => text.includes('begun') });
    await vi.waitFor(() => expect(server.active).toBe(0), { timeout: 10_000 });
    expect(server.answers).toEqual([200]);
  });

  it('that fails in the middle is cut off, so that the client sees that it is incomplete', async () => {
    const server = await serve(
      stream(async function* () {
        yield 'begun';
        await Promise.resolve();
        throw new Error('broken');
      }),
    );
    const { text, isClosed } = await sendRaw({ port: server.port, parts: [get('/')] });
    expect([text.endsWith('0\r\n\r\n'), isClosed]).toEqual([false, true]);
    expect(server.failures).toMatchObject([{ kind: 'thrown' }]);
  });
});
