import { afterEach, describe, expect, it, vi } from 'vitest';
import { jsonAnswer } from '../../../server/http/answer.js';
import { UnreadConnections } from '../../../server/http/unread-connections.js';
import { sendRaw } from './raw-socket.js';
import { closeServers, get, serve } from './served-handler.js';

afterEach(closeServers);

async function reportsOf(...requests: readonly string[]): Promise<readonly unknown[]> {
  const reports: unknown[] = [];
  const { port } = await serve(() => jsonAnswer(200, { body: 1 }), {
    onUnread: (client, connections) => reports.push([client, connections]),
  });
  for (const request of requests) await sendRaw({ port, parts: [request] });
  return reports;
}

describe('a client whose requests uWebSockets.js answers itself', () => {
  it.each([
    ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: x\r\n\r\n'],
    ['an absolute target', 'GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
  ])('is reported: %s', async (_case, request) => {
    const reports = await reportsOf(request);
    // The server notices the end of the connection some time after the client.
    await vi.waitFor(() => expect(reports).toEqual([['127.0.0.1', 1]]), { timeout: 10_000 });
  });

  it('is not reported when its requests can be read', async () => {
    expect(await reportsOf(get('/', 'Connection: close'), get('/', 'Connection: close'))).toEqual([]);
  });

  it('is reported once an hour', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const reports: unknown[] = [];
    const unread = new UnreadConnections((client, connections) => reports.push([client, connections]));
    for (let i = 0; i < 5; i++) {
      unread.opened(() => 'a');
      unread.closed();
    }
    expect(reports).toEqual([['a', 1]]);
    vi.advanceTimersByTime(3_600_000);
    unread.opened(() => 'b');
    unread.closed();
    expect(reports).toEqual([
      ['a', 1],
      ['b', 5],
    ]);
    vi.useRealTimers();
  });

  it('is not reported while others are understood', () => {
    const reports: unknown[] = [];
    const unread = new UnreadConnections((client) => reports.push(client));
    unread.opened(() => 'reader');
    unread.opened(() => 'old');
    unread.closed();
    unread.requested();
    unread.closed();
    expect(reports).toEqual([]);
  });
});
