import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Answer, jsonAnswer } from '../../../server/http/answer.js';
import { parseNetwork } from '../../../server/http/client-address.js';
import type { HttpRequest } from '../../../server/http/request.js';
import { Router } from '../../../server/http/router.js';
import { listen } from '../../../server/http/uws.js';
import { sendRaw } from './raw-socket.js';
import {
  answered,
  closeLater,
  closeServers,
  echo,
  get,
  type Handler,
  later,
  put,
  serve,
} from './served-handler.js';

afterEach(closeServers);

describe('a request over uWebSockets.js', () => {
  it('stays readable after the native request is gone', async () => {
    const seen: unknown[] = [];
    const { port } = await serve(async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { method, path, query, params, body } = request;
      seen.push({ method, path, query, params, body, key: request.header('x-auth-key') });
      return jsonAnswer(200, { body });
    });
    await sendRaw({
      port,
      parts: ['PUT /a%20b?c=%20d HTTP/1.1\r\nHost: x\r\nX-Auth-Key: k\r\nContent-Length: 3\r\n\r\nabc'],
      until: answered(1),
    });
    const unasked = get('/a%20b?').replace('GET', 'PUT');
    await sendRaw({ port, parts: [unasked], until: answered(1) });
    await sendRaw({ port, parts: [unasked.replace('?', '')], until: answered(1) });
    const without = { method: 'PUT', path: '/a%20b', query: '', params: ['a b'], body: '', key: undefined };
    expect(seen).toEqual([
      { method: 'PUT', path: '/a%20b', query: 'c=%20d', params: ['a b'], body: 'abc', key: 'k' },
      without,
      without,
    ]);
  });

  it('joins bodies from chunks and packets, even where a character is cut in two', async () => {
    const { port } = await serve(echo);
    const text = 'ä€🙂'.repeat(20);
    const bytes = Buffer.from(text);
    const head = `PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: ${String(bytes.length)}\r\n\r\n`;
    const parts: (string | Buffer | number)[] = [head];
    for (let i = 0; i < bytes.length; i += 7) parts.push(bytes.subarray(i, i + 7), 1);
    const split = await sendRaw({ port, parts, until: answered(1) });
    expect(Buffer.from(split.text, 'latin1').toString()).toContain(JSON.stringify(text));
    const chunked = await sendRaw({
      port,
      parts: [
        'PUT /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
        5,
        '2\r\nde\r\n0\r\n\r\n',
      ],
      until: answered(1),
    });
    expect(chunked.text).toContain('"body":"abcde"');
  });

  it('reads a body that arrives byte by byte in linear time', async () => {
    const bodyBytes = 512 * 1024;
    const { port } = await serve((request) => jsonAnswer(200, { body: request.body.length }), {
      bodyLimitBytes: bodyBytes,
    });
    const head = 'PUT /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const body = `${'1\r\nx\r\n'.repeat(bodyBytes)}0\r\n\r\n`;
    const reply = await sendRaw({ port, parts: [head, body], until: answered(1), deadlineMs: 60_000 });
    expect(reply.text).toContain(`"body":${String(bodyBytes)}`);
    // Half a second on a busy machine; quadratic time would be tens of seconds.
    expect(reply.elapsedMs).toBeLessThan(5000);
  });

  it('has an empty body when none is sent', async () => {
    const { port } = await serve(echo);
    const reply = await sendRaw({ port, parts: ['PUT /p HTTP/1.1\r\nHost: x\r\n\r\n'], until: answered(1) });
    expect(reply.text).toContain('"body":""');
  });

  it('reads header values as UTF-8', async () => {
    const { port } = await serve((request) => jsonAnswer(200, { body: request.header('x-auth-user') }));
    const reply = await sendRaw({ port, parts: [get('/', 'X-Auth-User: Jürgen')], until: answered(1) });
    expect(Buffer.from(reply.text, 'latin1').toString()).toContain('"body":"Jürgen"');
  });

  it('knows the address of its client, also behind a proxy', async () => {
    const handle: Handler = (request) => jsonAnswer(200, { body: request.clientAddress });
    const trusted = parseNetwork('127.0.0.1');
    const plain = await serve(handle);
    const proxied = await serve(handle, { trustedProxies: trusted === undefined ? [] : [trusted] });
    const request = get('/', 'X-Forwarded-For: 198.51.100.7, 192.0.2.1');
    const direct = await sendRaw({ port: plain.port, parts: [request], until: answered(1) });
    expect(direct.text).toContain('"body":"127.0.0.1"');
    const forwarded = await sendRaw({ port: proxied.port, parts: [request], until: answered(1) });
    expect(forwarded.text).toContain('"body":"192.0.2.1"');
  });

  it.each(['198.51.100.7', '', '198.51.100.7, 198.51.100.8'])(
    'believes the line of X-Forwarded-For that the proxy wrote below the line %j of the client',
    async (line) => {
      const trusted = parseNetwork('127.0.0.1');
      const { port } = await serve((request) => jsonAnswer(200, { body: request.clientAddress }), {
        trustedProxies: trusted === undefined ? [] : [trusted],
      });
      const lines = [`X-Forwarded-For: ${line}`, 'Accept: */*', 'X-Forwarded-For: 192.0.2.1'];
      const reply = await sendRaw({ port, parts: [get('/', ...lines)], until: answered(1) });
      expect(reply.text).toContain('"body":"192.0.2.1"');
    },
  );

  it('can be repeated 200 times on one connection', async () => {
    const { port } = await serve(later);
    let sent = 0;
    const burst = await sendRaw({
      port,
      parts: [put('0')],
      until: (text) => text.split('"body"').length > 1,
    });
    expect(burst.text).toContain('200 OK');
    const { Agent, request } = await import('node:http');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    for (; sent < 200; sent++) {
      const status = await new Promise((resolve, reject) => {
        const client = request({ agent, port, host: '127.0.0.1', method: 'PUT', path: '/p' }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode));
        });
        client.on('socket', (socket) => sockets.add(socket)).on('error', reject);
        client.end(String(sent));
      });
      expect(status).toBe(200);
    }
    agent.destroy();
    expect(sockets.size).toBe(1);
  });

  it('that is pipelined closes its connection and harms no other', async () => {
    // uWebSockets.js does not support pipelining and closes the connection. It must neither mix up answers nor crash.
    const server = await serve(later);
    const reply = await sendRaw({ port: server.port, parts: [put('1') + put('2')] });
    expect([reply.text, reply.isClosed]).toEqual(['', true]);
    expect(server.active).toBe(0);
    const next = await sendRaw({ port: server.port, parts: [put('3')], until: answered(1) });
    expect(next.text).toContain('"body":"3"');
  });
});

describe('a request of which proxies and this server might see different bodies', () => {
  const next = 'GET /next HTTP/1.1\r\nHost: x\r\n\r\n';
  it.each([
    ['two lengths', 'PUT', ['Content-Length: 3', 'Content-Length: 5'], 'abc'],
    ['two lengths of a body that is not read', 'GET', ['Content-Length: 3', 'Content-Length: 5'], 'abc'],
    ['a length and an empty one', 'PUT', ['Content-Length:', 'Content-Length: 3'], ''],
    ['a length and an empty coding', 'PUT', ['Content-Length: 3', 'Transfer-Encoding:'], 'abc'],
    ['an unknown coding', 'PUT', ['Transfer-Encoding: xchunked'], '3\r\nabc\r\n0\r\n\r\n'],
    ['two codings', 'PUT', ['Transfer-Encoding: gzip, chunked'], '3\r\nabc\r\n0\r\n\r\n'],
    ['two lines of codings', 'GET', ['Transfer-Encoding: chunked', 'Transfer-Encoding: gzip'], '0\r\n\r\n'],
  ])('is refused with 400, and nothing after it is served: %s', async (_case, method, lines, body) => {
    const handled: string[] = [];
    const server = await serve((request) => {
      handled.push(request.path);
      return jsonAnswer(200, {});
    });
    const head = [`${method} /first HTTP/1.1`, 'Host: x', ...lines, '', ''].join('\r\n');
    const alone = await sendRaw({ port: server.port, parts: [head + body, 50, next] });
    expect(alone.text).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(alone.text.split('HTTP/1.1')).toHaveLength(2);
    expect(alone.isClosed).toBe(true);
    // With the next request in the same packet there is no time for an answer.
    const together = await sendRaw({ port: server.port, parts: [head + body + next] });
    expect(together.isClosed).toBe(true);
    expect(handled).toEqual([]);
    expect(server.failures.every(({ kind }) => kind === 'framing-doubtful')).toBe(true);
  });

  it('is served if the lengths are the same, or the coding is written in capitals', async () => {
    const { port } = await serve(echo);
    const same = await sendRaw({ port, parts: [put('abc', 'Content-Length: 3')], until: answered(1) });
    expect(same.text).toContain('"body":"abc"');
    const head = 'PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n';
    const capitals = await sendRaw({ port, parts: [`${head}3\r\nabc\r\n0\r\n\r\n`], until: answered(1) });
    expect(capitals.text).toContain('"body":"abc"');
  });
});

describe('a body that is not read', () => {
  it.each([
    ['announced', 'Content-Length: 99999999999', 'x'.repeat(10_000)],
    ['chunked', 'Transfer-Encoding: chunked', `2710\r\n${'x'.repeat(10_000)}\r\n`],
  ])('does not keep the connection busy for ever: %s', async (_case, line, body) => {
    const server = await serve(echo);
    const reply = await sendRaw({
      port: server.port,
      parts: [`GET / HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n${body}`],
      deadlineMs: 5000,
    });
    expect(reply.text).toMatch(/^HTTP\/1.1 (413|200) /);
    expect(reply.isClosed).toBe(true);
  });
});

describe('a body that is too large', () => {
  it.each([
    ['announced', (size: number) => `Content-Length: ${String(size)}`, (size: number) => 'x'.repeat(size)],
    [
      'chunked',
      () => 'Transfer-Encoding: chunked',
      (size: number) => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`,
    ],
  ])('is answered with 413 and the connection closes: %s', async (_case, header, body) => {
    const server = await serve(echo);
    for (const size of [1001, 100_000, 5_000_000]) {
      const reply = await sendRaw({
        port: server.port,
        parts: [`PUT /p HTTP/1.1\r\nHost: x\r\n${header(size)}\r\n\r\n`, body(size)],
      });
      expect(reply.text).toMatch(/^HTTP\/1.1 413 Payload Too Large\r\n/);
      expect(reply.text.toLowerCase()).toContain('connection: close');
      expect(reply.isClosed).toBe(true);
    }
    expect(server.answers).toEqual([413, 413, 413]);
    expect(server.active).toBe(0);
  });

  it('is refused before it is sent', async () => {
    const { port } = await serve(echo);
    const reply = await sendRaw({
      port,
      parts: ['PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n'],
      until: (text) => text.includes('413'),
      deadlineMs: 2000,
    });
    expect(reply.text).toContain('413');
  });
});

describe('a slow client', () => {
  it('loses its connection, at whatever point it stops sending', async () => {
    const server = await serve(echo);
    const stops = [
      [],
      ['GET / HTTP/1.1\r\nHo'],
      ['PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab'],
      // Sending a byte now and then does not keep the connection open.
      ['GET / HTTP/1.1\r\nHost: ', ...Array.from({ length: 6 }, () => [2000, 'x']).flat()],
    ];
    const replies = await Promise.all(
      stops.map((parts) => sendRaw({ port: server.port, parts, deadlineMs: 20_000 })),
    );
    expect(replies.map((reply) => reply.isClosed)).toEqual([true, true, true, true]);
    expect(server.active).toBe(0);
  });
});

describe('what uWebSockets.js answers by itself', () => {
  it.each([
    ['a header that is too long', get('/', `X: ${'a'.repeat(20_000)}`), '431'],
    [
      'a hundred and twenty headers',
      get('/', ...Array.from({ length: 120 }, (_, i) => `X${String(i)}: a`)),
      '431',
    ],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', '400'],
    [
      'two framings',
      'PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n',
      '400',
    ],
    ['a negative length', 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc', '400'],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: x\r\n\r\n', '505'],
    ['a target without a path', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', '505'],
    ['nothing of HTTP', '\u0000\u0001\r\n\r\n', '505'],
  ])('%s', async (_case, request, status) => {
    const { port } = await serve(echo);
    const reply = await sendRaw({ port, parts: [request] });
    expect(reply.text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(reply.isClosed).toBe(true);
  });
});

describe('closing the server', () => {
  it('answers waiting requests, closes kept connections, and accepts no more', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const server = await serve(async (request: HttpRequest) => {
      if (request.path === '/held') await held;
      return echo(request);
    });
    const waiting = sendRaw({ port: server.port, parts: [get('/held')], until: answered(1) });
    await vi.waitUntil(() => server.active > 0, { timeout: 10_000, interval: 5 });
    const closing = server.close(10_000);
    expect((await sendRaw({ port: server.port, parts: [get('/')], deadlineMs: 500 })).text).toBe('');
    release();
    const reply = await waiting;
    expect(reply.text).toContain('200 OK');
    expect(reply.text.toLowerCase()).toContain('connection: close');
    await closing;
  });

  it('does not wait beyond its deadline', async () => {
    const server = await serve(() => new Promise<Answer>(() => undefined));
    const waiting = sendRaw({ port: server.port, parts: [get('/')] });
    await vi.waitUntil(() => server.active > 0, { timeout: 10_000, interval: 5 });
    await server.close(50);
    expect(await waiting).toMatchObject({ text: '', isClosed: true });
  });

  it('frees the port, and does not share a port that is taken', async () => {
    const server = await serve(echo);
    const router = new Router('', [{ prefix: '', routes: [], fail: () => jsonAnswer(404, {}) }]);
    const options = { host: '127.0.0.1', port: server.port, router, bodyLimitBytes: 1, trustedProxies: [] };
    await expect(listen(options)).rejects.toThrow(`port ${String(server.port)}`);
    await server.close(100);
    closeLater(await listen(options));
  });
});
