import { symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { libraryId, type ScanId } from '../../../../../server/domain/ids.js';
import { NO_COUNTS, WHOLE_LIBRARY } from '../../../../../server/scan/scan.js';
import { finishScan, insertScan, renewLease } from '../../../../../server/scan/scan-repository.js';
import { bookFolder } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { description, valueProblem } from './api-answers.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

const LEASE_MS = 60_000;

describe.each(testDatabases())('scans over HTTP on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
  });

  afterAll(() => server.close());

  async function library(files: Readonly<Record<string, string>> = {}): Promise<number> {
    const { path } = await bookFolder(files);
    const { id } = await owner.expect(201, 'POST', '/libraries', { name: path.slice(-40), root: path });
    return id as number;
  }

  /** A scan that belongs to another process, which may have ended. */
  async function foreignScan(id: number, leaseMs = LEASE_MS): Promise<ScanId> {
    return insertScan(server.store, {
      libraryId: libraryId(id),
      shard: WHOLE_LIBRARY,
      regenSinceMs: undefined,
      runner: 'elsewhere 0 0 1 1',
      leaseMs,
    });
  }

  const state = (id: number): Promise<Json> => owner.expect(200, 'GET', `/scans/${String(id)}`);

  it('run beside the server and report what they did', async () => {
    const id = await library({ 'a.epub': 'a', 'b.epub': 'b' });
    const started = await owner.call('POST', `/libraries/${String(id)}/scans`, { regen_hashes: true });
    expect(started.status).toBe(201);
    const { id: scan } = started.json as { readonly id: number };
    expect(started.headers.get('location')).toBe(`/api/v1/scans/${String(scan)}`);
    expect(started.json).toMatchObject({ library_id: id, regen_hashes: true, part: null, error: null });
    await expect
      .poll(() => state(scan), { timeout: 20_000 })
      .toMatchObject({
        state: 'completed',
        counts: { found: 2, added: 2, hashed: 2, failed: 0 },
        finished_at: expect.stringMatching(/Z$/) as string,
      });
    const { id: second } = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    await expect
      .poll(() => state(second), { timeout: 20_000 })
      .toMatchObject({
        state: 'completed',
        regen_hashes: false,
        counts: { found: 2, unchanged: 2, hashed: 0 },
      });
    const page = await owner.expect(200, 'GET', `/scans?library_id=${String(id)}&limit=1`);
    expect(page.items.map((item: Json) => item.id as number)).toEqual([second]);
    const next = await owner.expect(
      200,
      'GET',
      `/scans?library_id=${String(id)}&limit=1&cursor=${String(page.next_cursor)}`,
    );
    expect(next).toMatchObject({ items: [{ id: scan }], next_cursor: null });
  });

  it('are refused while another process scans the library, and can ask that process to stop', async () => {
    const id = await library();
    const scan = await foreignScan(id);
    expect(await owner.expect(409, 'POST', `/libraries/${String(id)}/scans`)).toMatchObject({
      code: 'scan-running',
    });
    expect(await owner.expect(202, 'POST', `/scans/${String(scan)}/cancel`)).toMatchObject({
      state: 'running',
    });
    expect(await renewLease(server.store, scan, NO_COUNTS, LEASE_MS)).toBe('cancel-requested');
    await finishScan(server.store, scan, 'cancelled', NO_COUNTS);
    expect(await owner.expect(409, 'POST', `/scans/${String(scan)}/cancel`)).toMatchObject({
      code: 'scan-not-running',
    });
  });

  it('show as interrupted when their process is gone, and can then be cancelled', async () => {
    const id = await library();
    const scan = await foreignScan(id, -1000);
    expect(await state(scan)).toMatchObject({ state: 'interrupted' });
    expect(await owner.expect(202, 'POST', `/scans/${String(scan)}/cancel`)).toMatchObject({
      state: 'interrupted',
    });
    const row = await server.store.db
      .selectFrom('scan')
      .select('state')
      .where('id', '=', scan)
      .executeTakeFirstOrThrow();
    expect(row.state).toBe('interrupted');
  });

  it('show the reason when they fail', async () => {
    const { path } = await bookFolder({ 'a.epub': 'a' });
    const folder = await bookFolder({ 'inner/a.epub': 'a' });
    const root = `${folder.path}/inner`;
    const { id } = await owner.expect(201, 'POST', '/libraries', { name: path.slice(-40), root });
    folder.remove('inner');
    const { id: scan } = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    await expect
      .poll(() => state(scan), { timeout: 20_000 })
      .toMatchObject({
        state: 'failed',
        error: expect.stringContaining('is not there') as string,
      });
  });

  it('show what they could not read, by reason', async () => {
    const { path: root } = await bookFolder({ 'a.epub': 'a' });
    for (const name of ['b.epub', 'c.epub']) symlinkSync('nowhere', join(root, name));
    symlinkSync('loop.epub', join(root, 'loop.epub'));
    const { id } = await owner.expect(201, 'POST', '/libraries', { name: root.slice(-40), root });
    const { id: scan } = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    await expect.poll(() => state(scan), { timeout: 20_000 }).toMatchObject({ state: 'completed' });
    expect((await state(scan)).failures).toEqual([
      { reason: 'vanished', count: 2 },
      { reason: 'link-loop', count: 1 },
    ]);
    const failures = `/scans/${String(scan)}/failures?limit=1`;
    const loops = await owner.expect(200, 'GET', `${failures}&reason=link-loop`);
    expect(loops).toEqual({
      items: [
        {
          path: { text: 'loop.epub', base64: null },
          reason: 'link-loop',
          says: expect.stringContaining('symbolic links') as string,
        },
      ],
      next_cursor: null,
      failures_total: 1,
      failures_kept: 1,
    });
    const names: string[] = [];
    for (let cursor = ''; ;) {
      const page = await owner.expect(200, 'GET', `${failures}${cursor}`);
      expect([page.failures_total, page.failures_kept]).toEqual([3, 3]);
      names.push(...page.items.map((item: Json) => item.path.text as string));
      if (page.next_cursor === null) break;
      cursor = `&cursor=${String(page.next_cursor)}`;
    }
    expect(names).toEqual(['loop.epub', 'b.epub', 'c.epub']);
  });

  it('are watched as server-sent events until their end', async () => {
    const id = await library();
    const scan = await foreignScan(id);
    const stream = watch(scan, owner.key);
    expect(await stream.event()).toMatchObject({ name: 'state', data: { id: scan, state: 'running' } });
    await renewLease(server.store, scan, { ...NO_COUNTS, found: 7 }, LEASE_MS);
    expect(await stream.event((data) => data.counts.found === 7)).toMatchObject({ name: 'state' });
    await finishScan(server.store, scan, 'completed', { ...NO_COUNTS, found: 9 });
    const end = await stream.event((data) => data.state === 'completed');
    expect(end).toMatchObject({ name: 'end', data: { counts: { found: 9 } } });
    expect(await stream.ended).toBe('ended');
    expect(valueProblem(eventSchema(), end.data, 'event')).toBeUndefined();
    const headers = { authorization: `Bearer ${owner.key}` };
    const url = `${server.url}/api/v1/scans/${String(scan)}/events`;
    const late = await fetch(url, { headers });
    expect(late.headers.get('content-type')).toBe('text/event-stream');
    expect(await late.text()).toMatch(/^event: end\nid: 1\ndata: \{.*\}\n\n$/);
    const again = await fetch(url, { headers: { ...headers, 'last-event-id': '1' } });
    expect(again.status).toBe(204);
  });

  it('send heartbeats to watchers while nothing changes, and end when their key is revoked', async () => {
    const id = await library();
    const scan = await foreignScan(id);
    const watcher = await server.caller({ permissions: ['library:scan'] });
    const stream = watch(scan, watcher.key);
    await stream.event();
    await expect.poll(() => stream.text(), { timeout: 20_000 }).toContain(': still here\n\n');
    await server.store.db
      .updateTable('api_key')
      .set({ revoked_s: 1 })
      .where('user_id', '=', watcher.userId as never)
      .execute();
    await stream.ended;
    expect(stream.text()).not.toContain('event: end');
    await finishScan(server.store, scan, 'completed', NO_COUNTS);
  });

  it('refuse watchers beyond the limit, until another one leaves', async () => {
    const id = await library();
    const scan = await foreignScan(id);
    const watchers = await Promise.all(
      Array.from({ length: 4 }, () => server.caller({ permissions: ['library:scan'] })),
    );
    const streams = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const stream = watch(scan, watchers[index % 4]?.key ?? '');
        await stream.event();
        return stream;
      }),
    );
    expect((await owner.call('GET', `/scans/${String(scan)}/events`)).json).toMatchObject({
      code: 'streams-at-limit',
    });
    for (const stream of streams) stream.leave();
    const url = `${server.url}/api/v1/scans/${String(scan)}/events`;
    await expect
      .poll(
        async () => {
          const stop = new AbortController();
          const { status } = await fetch(url, {
            headers: { authorization: `Bearer ${owner.key}` },
            signal: stop.signal,
          });
          stop.abort();
          return status;
        },
        { timeout: 20_000 },
      )
      .toBe(200);
    await finishScan(server.store, scan, 'completed', NO_COUNTS);
  });

  it('answer with a status when a watcher lacks the permission, or there is no scan', async () => {
    const nobody = await server.caller();
    expect((await nobody.call('GET', '/scans/1/events')).status).toBe(403);
    expect((await owner.call('GET', '/scans/999999/events')).status).toBe(404);
  });

  interface Watched {
    event(matches?: (data: Json) => boolean): Promise<{ readonly name: string; readonly data: Json }>;
    text(): string;
    leave(): void;
    readonly ended: Promise<'ended'>;
  }

  /** A minimal client of server-sent events, which shows the bytes of the stream. */
  function watch(scan: number, key: string): Watched {
    const { port } = new URL(server.url);
    const socket = connect(Number(port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => undefined);
    const ended = new Promise<'ended'>((resolve) => {
      socket.on('data', () => {
        if (text.endsWith('0\r\n\r\n')) resolve('ended');
      });
      socket.on('close', () => resolve('ended'));
    });
    socket.write(
      `GET /api/v1/scans/${String(scan)}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n\r\n`,
    );
    return {
      ended,
      text: () => text,
      leave: () => void socket.destroy(),
      event: async (matches = () => true) => {
        let found: { readonly name: string; readonly data: Json } | undefined;
        await expect
          .poll(
            () => {
              found = [...text.matchAll(/event: (\w+)\nid: \d+\ndata: (\{.*\})\n/g)]
                .map(([, name = '', data = '']) => ({ name, data: JSON.parse(data) }))
                .find(({ data }) => matches(data));
              return found;
            },
            { timeout: 20_000 },
          )
          .toBeDefined();
        if (found === undefined) throw new Error('no event');
        return found;
      },
    };
  }
});

function eventSchema(): object {
  const content = description.paths['/scans/{id}/events']?.['get']?.responses['200']?.content;
  const schema = content?.['text/event-stream']?.['x-event-data'];
  if (schema === undefined) throw new Error('the description has no schema of events');
  return schema;
}

describe.each(testDatabases())('a server that is stopping, on $name', (kind) => {
  it('stops its scans, tells their watchers, and starts no more', async () => {
    const server = await startApiServer(kind, { walksEndless: true });
    const owner = await server.caller({ isOwner: true });
    const folder = await bookFolder({ 'a.epub': 'a', 'b.epub': 'b' });
    const { id } = await owner.expect(201, 'POST', '/libraries', { name: 'l', root: folder.path });
    const { id: scan } = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    expect((await owner.expect(409, 'POST', `/libraries/${String(id)}/scans`)).code).toBe('scan-running');
    const counts = (of: number) => owner.expect(200, 'GET', `/scans/${String(of)}`);
    await expect
      .poll(() => counts(scan as number), { timeout: 20_000 })
      .toMatchObject({
        state: 'running',
        counts: { found: 2, hashed: 2 },
      });
    const events = (of: number) =>
      fetch(`${server.url}/api/v1/scans/${String(of)}/events`, {
        headers: { authorization: `Bearer ${owner.key}` },
      });
    const watched = await events(scan as number);
    await owner.expect(202, 'POST', `/scans/${String(scan)}/cancel`);
    expect(await watched.text()).toMatch(/event: end\n.*\n.*"state":"cancelled"/);
    const { id: next } = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    const watchedNext = await events(next as number);
    await server.scans.close();
    expect(await watchedNext.text()).toMatch(/event: end\n.*\n.*"state":"cancelled"/);
    expect((await owner.expect(503, 'POST', `/libraries/${String(id)}/scans`)).code).toBe('stopping');
    await server.close();
  });

  it('ends the streams of scans that another process runs', async () => {
    const server = await startApiServer(kind);
    const owner = await server.caller({ isOwner: true });
    const { path } = await bookFolder();
    const { id } = await owner.expect(201, 'POST', '/libraries', { name: 'l', root: path });
    const scan = await insertScan(server.store, {
      libraryId: libraryId(id as number),
      shard: WHOLE_LIBRARY,
      regenSinceMs: undefined,
      runner: 'elsewhere 0 0 1 1',
      leaseMs: LEASE_MS,
    });
    const watched = await fetch(`${server.url}/api/v1/scans/${String(scan)}/events`, {
      headers: { authorization: `Bearer ${owner.key}` },
    });
    await server.close();
    // This fails if the stream was cut off.
    expect(await watched.text()).toMatch(/^event: state\n/);
  });

  it('runs a bounded number of scans', async () => {
    const server = await startApiServer(kind, { walksEndless: true });
    const owner = await server.caller({ isOwner: true });
    const answers: number[] = [];
    for (let i = 0; i < 5; i++) {
      const { path } = await bookFolder({ 'a.epub': 'a' });
      const { id } = await owner.expect(201, 'POST', '/libraries', { name: String(i), root: path });
      answers.push((await owner.call('POST', `/libraries/${String(id)}/scans`)).status);
    }
    expect(answers).toEqual([201, 201, 201, 201, 503]);
    await server.close();
  });
});
