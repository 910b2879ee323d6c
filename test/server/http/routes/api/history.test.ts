import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseDocument } from '../../../../../server/domain/document.js';
import { userId } from '../../../../../server/domain/ids.js';
import { parseFraction } from '../../../../../server/sync/progress.js';
import { bookFolder, md5 } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

describe.each(testDatabases())('the history of a document over HTTP on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;
  let library: number;

  beforeAll(async () => {
    server = await startApiServer(kind, { keepsHistory: true });
    owner = await server.caller({ isOwner: true });
    const folder = await bookFolder({ 'book.epub': 'book' });
    ({ id: library } = await owner.expect(201, 'POST', '/libraries', { name: 'l', root: folder.path }));
    const { id: scan } = await owner.expect(201, 'POST', `/libraries/${String(library)}/scans`);
    await vi.waitUntil(
      async () => (await owner.expect(200, 'GET', `/scans/${String(scan)}`)).state === 'completed',
      { timeout: 20_000 },
    );
  });

  afterAll(() => server.close());

  async function push(caller: Caller, name: string, device: string, percentage: number): Promise<void> {
    const [document, fraction] = [parseDocument(name), parseFraction(percentage)];
    if (document === undefined || fraction === undefined) throw new Error('no push that a reader could send');
    await server.sync.pushes.push({
      userId: userId(caller.userId),
      document,
      position: `p${String(percentage)}`,
      percentage: fraction,
      device: { name: device, id: device },
      metadataJson: undefined,
      pushedMs: Date.parse('2026-01-02T03:04:05Z'),
    });
  }

  async function history(caller: Caller, path: string, limit: number): Promise<Json[]> {
    const items: Json[] = [];
    let cursor: string | null = null;
    do {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = await caller.expect(200, 'GET', `/progress/${path}limit=${String(limit)}${at}`);
      items.push(...(page.items as Json[]));
      cursor = page.next_cursor as string | null;
    } while (cursor !== null);
    return items;
  }

  it('has the entries of all devices, under any digest of the book, the newest first', async () => {
    const me = await server.caller({ permissions: ['feature:koreader_sync'] });
    const [byContent, byName] = [md5('book'), md5('book.epub')];
    for (const [index, document] of [byContent, byName, byContent, byContent, byName].entries()) {
      await push(me, document, index === 3 ? 'Kindle' : 'Kobo', index / 10);
    }
    await server.sync.history?.flush();
    const { items: devices } = await me.expect(200, 'GET', '/devices');
    const kindle = (devices as Json[]).find(({ name }) => name === 'Kindle');
    await me.expect(200, 'PATCH', `/devices/${String(kindle.id)}`, { friendly_name: 'Kitchen' });
    const all = await history(me, `${byName}/history?`, 50);
    expect(all.map(({ document, percentage }) => [document, percentage] as unknown)).toEqual([
      [byName, 0.4],
      [byContent, 0.3],
      [byContent, 0.2],
      [byName, 0.1],
      [byContent, 0],
    ]);
    expect(all[1]).toEqual({
      document: byContent,
      device: { id: kindle.id, name: 'Kindle', device_id: 'Kindle', friendly_name: 'Kitchen' },
      percentage: 0.3,
      pushed_at: '2026-01-02T03:04:05.000Z',
      position: 'p0.3',
    });
    for (const limit of [1, 2]) expect(await history(me, `${byContent}/history?`, limit)).toEqual(all);
    // A device that was forgotten keeps the name that it sent.
    await me.call('DELETE', `/devices/${String(kindle.id)}`);
    const [, entry] = await history(me, `${byName}/history?`, 50);
    expect(entry.device).toMatchObject({ name: 'Kindle', friendly_name: null });
  });

  it('is empty before the first entry is written, and missing without progress', async () => {
    const me = await server.caller({ permissions: ['feature:koreader_sync'] });
    expect(await me.expect(404, 'GET', '/progress/d/history')).toMatchObject({ code: 'progress-not-found' });
    await push(me, 'd', 'Kobo', 0.5);
    expect(await me.expect(200, 'GET', '/progress/d/history')).toEqual({ items: [], next_cursor: null });
    await server.sync.history?.flush();
    expect(await history(me, 'd/history?', 50)).toHaveLength(1);
  });

  it('of others is shown with user:manage, for books that the caller may see', async () => {
    const [me, other] = [
      await server.caller({ permissions: ['feature:koreader_sync'] }),
      await server.caller({ permissions: ['feature:koreader_sync'] }),
    ];
    const manager = await server.caller({ permissions: ['user:manage'] });
    for (const document of [md5('book'), 'no book']) await push(me, document, 'Kobo', 0.5);
    await server.sync.history?.flush();
    const of = `history?user_id=${String(me.userId)}`;
    expect(await other.expect(403, 'GET', `/progress/${md5('book')}/${of}`)).toMatchObject({
      code: 'forbidden',
    });
    expect(await history(manager, `${md5('book')}/${of}&`, 50)).toHaveLength(1);
    await manager.expect(404, 'GET', `/progress/${encodeURIComponent('no book')}/${of}`);
    await owner.expect(200, 'PATCH', `/libraries/${String(library)}`, { restricted: true });
    await manager.expect(404, 'GET', `/progress/${md5('book')}/${of}`);
    expect(await history(owner, `${md5('book')}/${of}&`, 50)).toHaveLength(1);
    await owner.expect(200, 'PATCH', `/libraries/${String(library)}`, { restricted: false });
  });
});
