import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { GrownDocuments } from '../../../bench/soak/grown-documents.js';
import { SoakReader } from '../../../bench/soak/soak-reader.js';
import { Window } from '../../../bench/soak/window.js';
import { nowMs } from '../../server/compose/load-client.js';

/** Stores pushes and answers pulls, until it is told to answer 503. */
async function syncServer() {
  const stored = new Map<string, string>();
  const state = { isAway: false, stored };
  const server = createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      if (request.method === 'PUT') {
        const { document, progress } = JSON.parse(body) as Record<string, string>;
        stored.set(document ?? '', progress ?? '');
      }
      const document = request.url?.split('/').at(-1) ?? '';
      response.statusCode = state.isAway ? 503 : 200;
      response.end(JSON.stringify({ document, progress: stored.get(document) }));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port, state, close };
}

it('one deadline counts for all pulls of grown documents, and those after it are no lost ones', async () => {
  const { port, state, close } = await syncServer();
  const device = { number: 1, userId: 1, pathPrefix: '', headers: {}, books: [] };
  const grown = new GrownDocuments([new SoakReader(device, port)]);
  try {
    const window = new Window(nowMs());
    await grown.grow(window, () => window.requests < 20);
    state.isAway = true;
    const late = await grown.check(nowMs() + 100);
    expect(late).toMatchObject({ stale: [], lost: [] });
    expect(late.mistakes).toEqual(['a minute after the fault, pulls of grown documents still fail']);
    state.isAway = false;
    expect(await grown.check(nowMs() + 10_000)).toEqual({ stale: [], lost: [], mistakes: [] });
    state.stored.delete('grown-7');
    const { lost } = await grown.check(nowMs() + 10_000);
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.every((sentence) => sentence.includes('grown-7'))).toBe(true);
  } finally {
    grown.close();
    close();
  }
});
