import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { FileAnswer } from '../../../server/http/answer.js';
import { closeServers, get, serve } from './served-handler.js';

afterEach(closeServers);

/** Of a body of which each byte tells where it is. */
const PIECE = 100_000;
const PERIOD = 251;
const PATTERN = Buffer.from(Array.from({ length: PIECE + PERIOD }, (_, i) => i % PERIOD));
const bytesAt = (at: number, bytes: number): Buffer => PATTERN.subarray(at % PERIOD, (at % PERIOD) + bytes);

/**
 * A body that notes how much of it was read, and whether its reading has ended. As for files, all pieces have the same memory,
 * which is moved to another thread and back for each of them.
 */
function readBody(bodyBytes: number, givenBytes = bodyBytes) {
  const body = {
    readBytes: 0,
    hasEnded: false,
    /** How often the server said so. */
    ends: 0,
    answer: (): FileAnswer => ({
      status: 200,
      contentType: 'application/octet-stream',
      bodyBytes,
      ended: () => void body.ends++,
      pieces: async function* () {
        let memory = new ArrayBuffer(PIECE);
        try {
          for (let at = 0; at < givenBytes; at += PIECE) {
            memory = structuredClone(memory, { transfer: [memory] });
            const piece = new Uint8Array(memory, 0, Math.min(PIECE, givenBytes - at));
            piece.set(bytesAt(at, piece.length));
            await new Promise((resolve) => setImmediate(resolve));
            body.readBytes = at + piece.length;
            yield piece;
          }
        } finally {
          body.hasEnded = true;
        }
      },
    }),
  };
  return body;
}

async function client(port: number) {
  const socket = connect(port, '127.0.0.1').pause();
  const chunks: Buffer[] = [];
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  const read = (): void => {
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.resume();
  };
  const received = () => Buffer.concat(chunks);
  const receivedBytes = () => chunks.reduce((sum, { length }) => sum + length, 0);
  const body = () => received().subarray(received().indexOf('\r\n\r\n') + 4);
  return { socket, read, received, receivedBytes, body };
}

describe('a file that is read while it is sent', () => {
  it('waits for a client that does not read, and then arrives whole', async () => {
    const total = 30 * 2 ** 20 + 1;
    const file = readBody(total);
    const server = await serve((request) =>
      request.path === '/file' ? file.answer() : { status: 200, contentType: 'text/plain', body: 'next' },
    );
    const { socket, read, received, receivedBytes, body } = await client(server.port);
    socket.write(get('/file'));
    // Until the buffers of the system are full, which take some megabytes.
    let before = -1;
    await vi.waitFor(
      () => {
        const isStill = file.readBytes > 0 && file.readBytes === before;
        before = file.readBytes;
        expect(isStill).toBe(true);
      },
      { interval: 200, timeout: 8000 },
    );
    expect(file.readBytes).toBeLessThan(total / 2);
    read();
    await vi.waitFor(() => expect(receivedBytes()).toBeGreaterThan(total), {
      interval: 100,
      timeout: 20_000,
    });
    await vi.waitFor(() => expect(body().length).toBe(total), { interval: 500, timeout: 8000 });
    const sent = body();
    expect(received().toString('latin1', 0, 300)).toContain(`\r\nContent-Length: ${String(total)}\r\n`);
    for (let at = 0; at < total; at += PIECE) {
      const bytes = Math.min(PIECE, total - at);
      if (!sent.subarray(at, at + bytes).equals(bytesAt(at, bytes)))
        throw new Error(`wrong at ${String(at)}`);
    }
    expect(file.hasEnded).toBe(true);
    await vi.waitFor(() => expect(file.ends).toBe(1), { timeout: 8000 });
    // The connection goes on.
    socket.write(get('/next'));
    await vi.waitFor(() => expect(received().toString('latin1', received().length - 4)).toBe('next'), {
      timeout: 8000,
    });
  });

  it('is not read further when the client leaves', async () => {
    const file = readBody(2 ** 30);
    const server = await serve(file.answer);
    const { socket } = await client(server.port);
    socket.write(get('/'));
    await vi.waitFor(() => expect(file.readBytes).toBeGreaterThan(0), { timeout: 8000 });
    socket.destroy();
    await vi.waitFor(() => expect(file.hasEnded).toBe(true), { timeout: 8000 });
    expect(server.active).toBe(0);
    await vi.waitFor(() => expect(file.ends).toBe(1), { timeout: 8000 });
    expect(file.readBytes).toBeLessThan(2 ** 29);
  });

  it.each([
    ['fewer', 300_000, 250_000],
    ['more', 250_000, 300_000],
  ])('of %s bytes than were announced ends with the connection', async (_case, announced, given) => {
    const file = readBody(announced, given);
    const server = await serve(file.answer);
    const { socket, read, body } = await client(server.port);
    read();
    socket.write(get('/'));
    await once(socket, 'close');
    expect(body().length).toBeLessThan(announced);
    expect([file.hasEnded, file.ends]).toEqual([true, 1]);
    expect(server.failures).toMatchObject([{ kind: 'thrown' }]);
  });

  it('is announced to HEAD, and not read', async () => {
    const file = readBody(300_000);
    const server = await serve(file.answer);
    const { socket, read, received } = await client(server.port);
    read();
    socket.write(get('/').replace('GET', 'HEAD'));
    await once(socket, 'close');
    expect(received().toString()).toMatch(/\r\nContent-Length: 300000\r\n[^]*\r\n\r\n$/);
    expect([file.readBytes, file.ends]).toEqual([0, 1]);
  });

  it('that a client no longer waits for ends all the same', async () => {
    const file = readBody(300_000);
    let give: (() => void) | undefined;
    const server = await serve(
      () =>
        new Promise((resolve) => {
          give = () => resolve(file.answer());
        }),
    );
    const { socket } = await client(server.port);
    socket.write(get('/'));
    await vi.waitFor(() => expect(give).toBeDefined(), { timeout: 8000 });
    socket.destroy();
    await vi.waitFor(() => expect(server.active).toBe(0), { timeout: 8000 });
    give?.();
    await vi.waitFor(() => expect(file.ends).toBe(1), { timeout: 8000 });
    expect(file.readBytes).toBe(0);
  });
});
