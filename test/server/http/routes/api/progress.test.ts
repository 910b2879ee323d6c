import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getProgress } from '../../../../../server/sync/get-progress.js';
import { putProgress } from '../../../../../server/sync/put-progress.js';
import { parseDocument } from '../../../../../server/domain/document.js';
import { userId } from '../../../../../server/domain/ids.js';
import type { Permission } from '../../../../../server/domain/permission.js';
import { parseFraction } from '../../../../../server/sync/progress.js';
import { bookFolder, md5 } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

describe.each(testDatabases())('devices and progress over HTTP on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
  });

  afterAll(() => server.close());

  const reader = () => server.caller({ permissions: ['feature:koreader_sync'] });

  async function push(
    caller: Caller,
    document: string,
    device: { readonly name: string; readonly id?: string },
    percentage: number,
    metadata?: object,
  ): Promise<void> {
    const fraction = parseFraction(percentage);
    const parsed = parseDocument(document);
    if (fraction === undefined || parsed === undefined) throw new Error('no push that a reader could send');
    const progress = {
      document: parsed,
      position: `/body/p[${String(percentage)}]`,
      percentage: fraction,
      device: { name: device.name, id: device.id },
      metadataJson: metadata === undefined ? undefined : JSON.stringify(metadata),
    };
    await putProgress(server.sync, principalOf(caller), progress, {
      unknownDocuments: 'store',
      sinceMs: performance.now(),
      pushedMs: Date.now(),
    });
  }

  async function pulled(caller: Caller, document: string) {
    const parsed = parseDocument(document);
    return parsed === undefined
      ? undefined
      : getProgress(server.sync, principalOf(caller), parsed, performance.now());
  }

  async function listed(caller: Caller, path: string, limit: number): Promise<Json[]> {
    const items: Json[] = [];
    let cursor: string | null = null;
    do {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = await caller.expect(200, 'GET', `${path}limit=${String(limit)}${at}`);
      items.push(...((page.items ?? page.positions) as Json[]));
      cursor = page.next_cursor as string | null;
    } while (cursor !== null);
    return items;
  }

  async function scannedLibrary(name: string, files: Readonly<Record<string, string>>): Promise<number> {
    const folder = await bookFolder(files);
    const { id } = await owner.expect(201, 'POST', '/libraries', { name, root: folder.path });
    const { id: scan } = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    await expect
      .poll(() => owner.expect(200, 'GET', `/scans/${String(scan)}`), { timeout: 20_000 })
      .toMatchObject({ state: 'completed' });
    return id as number;
  }

  it('devices are listed as they named themselves, get friendly names, and are forgotten', async () => {
    const me = await reader();
    await push(me, 'd', { name: 'Kobo', id: 'one' }, 0.1);
    await push(me, 'd', { name: 'Kobo', id: 'two' }, 0.2);
    await push(me, 'd', { name: 'Kindle "ü"/?' }, 0.3);
    const devices = await listed(me, '/devices?', 2);
    expect(devices).toHaveLength(3);
    const one = devices.find(({ device_id }) => device_id === 'one');
    expect(one).toMatchObject({ user_id: me.userId, name: 'Kobo', friendly_name: null });
    const path = `/devices/${String(one.id)}`;
    expect(await me.expect(200, 'PATCH', path, { friendly_name: ' Küche 🐶 ' })).toEqual({
      ...one,
      friendly_name: 'Küche 🐶',
    });
    const shown = await me.expect(200, 'GET', '/progress/d');
    expect(shown.positions.map((each: Json) => each.device.friendly_name as unknown)).toEqual([
      null,
      null,
      'Küche 🐶',
    ]);
    expect(await me.expect(200, 'PATCH', path, { friendly_name: null })).toEqual(one);
    for (const wrong of ['', ' ', 'x'.repeat(101), 'a\nb']) {
      expect(await me.expect(422, 'PATCH', path, { friendly_name: wrong })).toMatchObject({
        code: 'device-name-invalid',
      });
    }
    expect((await me.call('DELETE', path)).status).toBe(204);
    expect((await me.call('DELETE', path)).status).toBe(404);
    expect((await me.call('PATCH', path, { friendly_name: 'x' })).status).toBe(404);
    expect(await listed(me, '/devices?', 50)).toHaveLength(2);
    // Its position stays, and its next push lists it again, although the server has cached that it is known.
    expect((await me.expect(200, 'GET', '/progress/d')).positions).toHaveLength(3);
    await push(me, 'd', { name: 'Kobo', id: 'one' }, 0.4);
    expect(await listed(me, '/devices?', 50)).toHaveLength(3);
  });

  it('documents have a position of each device; deleting the newest uncovers the one before', async () => {
    const me = await reader();
    const document = 'an odd/document ?%-ü.epub';
    const path = `/progress/${encodeURIComponent(document)}`;
    await push(me, document, { name: 'A', id: 'a' }, 0.5, { title: 'T', authors: ['x'] });
    await push(me, document, { name: 'B', id: 'b' }, 0.75);
    await push(me, document, { name: 'C' }, 1 / 3);
    const shown = await me.expect(200, 'GET', path);
    expect(shown).toMatchObject({
      document,
      book: null,
      next_cursor: null,
      positions: [
        { device: { name: 'C', device_id: null }, percentage: 1 / 3, progress: `/body/p[${String(1 / 3)}]` },
        // What A has said about the document.
        { device: { name: 'B', device_id: 'b' }, percentage: 0.75, metadata: { title: 'T', authors: ['x'] } },
        { device: { name: 'A', device_id: 'a' }, metadata: { title: 'T', authors: ['x'] } },
      ],
    });
    expect(await listed(me, `${path}?`, 1)).toEqual(shown.positions);
    expect(await me.expect(200, 'GET', '/progress')).toMatchObject({
      items: [{ document, device: { name: 'C', friendly_name: null }, percentage: 1 / 3, devices: 3 }],
    });
    const wrong = shown.positions[0].device.id as string;
    expect((await me.call('DELETE', `${path}/positions/${wrong}`)).status).toBe(204);
    expect((await me.call('DELETE', `${path}/positions/${wrong}`)).status).toBe(404);
    expect(await pulled(me, document)).toMatchObject({ percentage: 0.75, device: { id: 'b' } });
    for (const { device } of shown.positions.slice(1)) {
      expect((await me.call('DELETE', `${path}/positions/${String(device.id)}`)).status).toBe(204);
    }
    expect(await pulled(me, document)).toBeUndefined();
    expect(await me.expect(404, 'GET', path)).toMatchObject({ code: 'progress-not-found' });
    expect((await me.expect(200, 'GET', '/progress')).items).toEqual([]);
  });

  it('documents are listed with their book, unless the caller may not see it', async () => {
    const me = await reader();
    const id = await scannedLibrary('l', { 'shelf/one.epub': 'one', 'hidden.epub': 'hidden' });
    const byContent = md5('one');
    const byName = md5('one.epub');
    await push(me, byContent, { name: 'A' }, 0.1);
    await push(me, byName, { name: 'B' }, 0.2);
    await push(me, md5('unknown'), { name: 'B' }, 0.3);
    const books = (items: readonly Json[]) =>
      Object.fromEntries(items.map((item) => [item.document as string, item.book?.path.text as unknown]));
    const expected = {
      [byContent]: 'shelf/one.epub',
      [byName]: 'shelf/one.epub',
      [md5('unknown')]: undefined,
    };
    expect(books(await listed(me, '/progress?', 1))).toEqual(expected);
    expect(await me.expect(200, 'GET', `/progress/${byName}`)).toMatchObject({
      book: { library_id: id, path: { text: 'shelf/one.epub', base64: null } },
    });
    await owner.expect(200, 'PATCH', `/libraries/${String(id)}`, { restricted: true });
    expect(books(await listed(me, '/progress?', 50))).toEqual({
      [byContent]: undefined,
      [byName]: undefined,
      [md5('unknown')]: undefined,
    });
    const { [md5('unknown')]: _, ...inLibraries } = expected;
    const of = `/progress?user_id=${String(me.userId)}`;
    expect(books(await listed(owner, `${of}&`, 50))).toEqual(inLibraries);
    expect(await owner.expect(200, 'GET', of)).toMatchObject({
      items: [
        { document: byName, device: { name: 'B', device_id: null, friendly_name: null }, devices: 1 },
        { document: byContent, book: { library_name: 'l', file_name: 'one.epub' } },
      ],
      unmatched: 1,
    });
    // user:manage alone does not open a library.
    const manager = await server.caller({ permissions: ['user:manage'] });
    expect(await manager.expect(200, 'GET', of)).toMatchObject({ items: [], unmatched: 3 });
    for (const document of [byContent, byName, md5('unknown')]) {
      const path = `/progress/${document}?user_id=${String(me.userId)}`;
      expect(await manager.expect(404, 'GET', path)).toMatchObject({ code: 'progress-not-found' });
    }
    // The reader may not see the library, so to the reader these are two documents.
    const path = `/progress/${byName}?user_id=${String(me.userId)}`;
    expect((await owner.expect(200, 'GET', path)).positions).toHaveLength(1);
    await owner.expect(200, 'PATCH', `/libraries/${String(id)}`, { restricted: false });
    expect((await owner.expect(200, 'GET', path)).positions).toHaveLength(2);
    expect((await manager.expect(200, 'GET', path)).positions).toHaveLength(2);
  });

  it('positions of all devices are shown, whichever digest of the book they use', async () => {
    const me = await reader();
    await scannedLibrary('digests', { 'both.epub': 'both' });
    const [byContent, byName] = [md5('both'), md5('both.epub')];
    await push(me, byContent, { name: 'A', id: 'a' }, 0.1);
    await push(me, byName, { name: 'A', id: 'a' }, 0.2);
    await push(me, byName, { name: 'B', id: 'b' }, 0.3);
    for (const document of [byContent, byName]) {
      const positions = await listed(me, `/progress/${document}?`, 1);
      expect(positions.map((each) => [each.document, each.percentage] as unknown)).toEqual([
        [byName, 0.3],
        [byName, 0.2],
        [byContent, 0.1],
      ]);
      expect(await pulled(me, document)).toMatchObject({ percentage: positions[0].percentage });
    }
    const [newest] = await listed(me, `/progress/${byContent}?`, 50);
    const path = `/progress/${String(newest.document)}/positions/${String(newest.device.id)}`;
    expect((await me.call('DELETE', path)).status).toBe(204);
    expect(await pulled(me, byContent)).toMatchObject({ percentage: 0.2 });
  });

  it('users see their own progress, and callers with user:manage that of all', async () => {
    const [one, two] = [await reader(), await reader()];
    await push(one, 'd', { name: 'A', id: 'a' }, 0.1);
    await push(two, 'd', { name: 'A', id: 'a' }, 0.9);
    const [device] = await listed(one, '/devices?', 50);
    const of = `?user_id=${String(one.userId)}`;
    for (const [method, path, body] of [
      ['GET', `/devices${of}`],
      ['PATCH', `/devices/${String(device.id)}${of}`, { friendly_name: 'x' }],
      ['DELETE', `/devices/${String(device.id)}${of}`],
      ['GET', `/progress${of}`],
      ['GET', `/progress/d${of}`],
      ['DELETE', `/progress/d/positions/${String(device.id)}${of}`],
    ] as const) {
      expect(await two.expect(403, method, path, body)).toMatchObject({ code: 'forbidden' });
    }
    const manager = await server.caller({ permissions: ['user:manage'] });
    expect(await listed(manager, `/devices${of}&`, 50)).toEqual([device]);
    // The document is no book, so others see only that there is one.
    expect(await manager.expect(404, 'GET', `/progress/d${of}`)).toMatchObject({
      code: 'progress-not-found',
    });
    expect(await manager.expect(200, 'GET', `/progress${of}`)).toEqual({
      items: [],
      next_cursor: null,
      unmatched: 1,
    });
    const gone = await manager.call('DELETE', `/progress/d/positions/${String(device.id)}${of}`);
    expect(gone.status).toBe(204);
    expect(await pulled(one, 'd')).toBeUndefined();
    expect(await pulled(two, 'd')).toMatchObject({ percentage: 0.9 });
    expect((await manager.call('GET', '/devices?user_id=99999')).status).toBe(404);
    // The same answer as for an existing user: callers without user:manage cannot find out which users exist.
    expect((await two.call('GET', '/devices?user_id=99999')).status).toBe(403);
  });

  it('pages stay consistent while pushes arrive', async () => {
    const me = await reader();
    for (let i = 0; i < 20; i++) await push(me, `doc ${String(i * 2).padStart(2, '0')}`, { name: 'A' }, 0.5);
    const seen: string[] = [];
    let cursor: string | null = null;
    for (let round = 0; round < 50; round++) {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = await me.expect(200, 'GET', `/progress?limit=3${at}`);
      seen.push(...(page.items as Json[]).map(({ document }) => document as string));
      await push(me, `doc ${String(round * 2 + 1).padStart(2, '0')}`, { name: 'B' }, 0.5);
      cursor = page.next_cursor as string | null;
      if (cursor === null) break;
    }
    // Those that were there at the beginning, the last pushed first. What is pushed meanwhile stands before them.
    expect(seen).toEqual(
      Array.from({ length: 20 }, (_, i) => `doc ${String((19 - i) * 2).padStart(2, '0')}`),
    );
  });
});

function principalOf(caller: Caller) {
  return {
    userId: userId(caller.userId),
    userName: caller.name,
    permissions: new Set<Permission>(),
    isOwner: false,
    apiKeyId: undefined,
  };
}
