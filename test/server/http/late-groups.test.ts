import { join, posix } from 'node:path';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { jsonAnswer } from '../../../server/http/answer.js';
import type { LateRouteGroup, RouteGroup } from '../../../server/http/route.js';
import { Router } from '../../../server/http/router.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { sendRaw } from './raw-socket.js';
import { closeServers, get, serve } from './served-handler.js';

afterEach(closeServers);

const ROOT: RouteGroup = { prefix: '', routes: [], fail: ({ kind }) => jsonAnswer(404, { root: kind }) };

function lateRouter(load: LateRouteGroup['load']): Router {
  return new Router('', [ROOT], [{ prefix: '/late', fail: ({ kind }) => jsonAnswer(500, { kind }), load }]);
}

function lateGroup() {
  let finish: (group: RouteGroup) => void = () => undefined;
  const promise = new Promise<RouteGroup>((resolve) => {
    finish = resolve;
  });
  return { promise, finish: (group: RouteGroup) => finish(group) };
}

const LATE: RouteGroup = {
  prefix: '/late',
  routes: [
    {
      method: 'PUT',
      pattern: '/:name',
      readsBody: true,
      handle: (request) =>
        jsonAnswer(200, {
          params: request.params,
          body: request.body,
          agent: request.header('user-agent'),
        }),
    },
    { method: 'GET', pattern: '/:name', handle: ({ params, body }) => jsonAnswer(200, { params, body }) },
  ],
  fail: ({ kind }) => jsonAnswer(404, { late: kind }),
};

describe('requests for routes that are not loaded yet', () => {
  it('wait for them, and get the answers that they would have got', async () => {
    const { promise: loading, finish } = lateGroup();
    let loads = 0;
    const labels: string[] = [];
    const { port } = await serve(() => jsonAnswer(500, {}), {
      router: lateRouter(() => {
        loads++;
        return loading;
      }),
      onAnswer: (_request, route, status) => labels.push(`${String(status)} ${route}`),
    });
    const send = (text: string) => sendRaw({ port, parts: [text], until: (reply) => reply.includes('}') });
    const body = 'Host: x\r\nUser-Agent: me\r\nContent-Length: 2\r\n\r\nhi';
    const replies = [
      send(`PUT /late/a%20b HTTP/1.1\r\n${body}`),
      send(`GET /late/c HTTP/1.1\r\n${body}`),
      send(get('/late/c/d')),
      send(`POST /late/c HTTP/1.1\r\n${body}`),
      send(get('/late/%zz')),
    ];
    await expect.poll(() => loads).toBe(1);
    expect((await send(get('/elsewhere'))).text).toContain('{"root":"not-found"}');
    finish(LATE);
    const texts = (await Promise.all(replies)).map(({ text }) => text.slice(text.indexOf('\r\n\r\n') + 4));
    expect(texts.map((text) => text.trim())).toEqual([
      '{"params":["a b"],"body":"hi","agent":"me"}',
      '{"params":["c"],"body":""}',
      '{"late":"not-found"}',
      '{"late":"method-not-allowed"}',
      '{"late":"bad-path"}',
    ]);
    expect(loads).toBe(1);
    expect(labels.toSorted()).toEqual([
      '200 GET /late/:name',
      '200 PUT /late/:name',
      '404 none',
      '404 none',
      '404 none',
      '404 none',
    ]);
  });

  it('change nothing when their client has left meanwhile', async () => {
    const { promise: loading, finish } = lateGroup();
    const handled: string[] = [];
    const statuses: number[] = [];
    const { port } = await serve(() => jsonAnswer(500, {}), {
      router: lateRouter(() => loading),
      onAnswer: (_request, _route, status) => statuses.push(status),
    });
    await sendRaw({
      port,
      parts: ['PUT /late/a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi', 50],
      deadlineMs: 1,
    });
    await expect.poll(() => statuses).toEqual([499]);
    const routes = LATE.routes.map((route) => ({
      ...route,
      handle: () => {
        handled.push(route.method);
        return jsonAnswer(200, {});
      },
    }));
    finish({ ...LATE, routes });
    const reply = await sendRaw({ port, parts: [get('/late/a')], until: (text) => text.includes('}') });
    expect(reply.text).toContain('200 OK');
    expect(handled).toEqual(['GET']);
  });

  it('get the failure of the group when its routes cannot be loaded', async () => {
    const { port } = await serve(() => jsonAnswer(500, {}), {
      router: lateRouter(() => Promise.reject(new Error('EMFILE'))),
    });
    for (let times = 0; times < 2; times++) {
      const reply = await sendRaw({ port, parts: [get('/late/a')], until: (text) => text.includes('}') });
      expect(reply.text).toContain('HTTP/1.1 500');
      expect(reply.text).toContain('{"kind":"thrown"}');
    }
  });

  it('are refused without them when their body is too long', async () => {
    const { port } = await serve(() => jsonAnswer(500, {}), {
      router: lateRouter(() => Promise.reject(new Error('EMFILE'))),
    });
    const head = 'PUT /late/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n';
    const reply = await sendRaw({ port, parts: [head], until: (text) => text.includes('}') });
    expect(reply.text).toContain('{"kind":"body-too-large"}');
  });
});

it('a server that is asked nothing has not loaded Zod', () => {
  const reached = new Set(['server/compose/listener.ts', 'server/cli/serve-command.ts', 'server/main.ts']);
  const packages = new Set<string>();
  for (const path of reached) {
    const text = readFileSync(join(repositoryRoot, path), 'utf8');
    for (const [, specifier = ''] of text.matchAll(STATIC_IMPORT)) {
      if (specifier.startsWith('.')) {
        reached.add(posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts'));
      } else packages.add(specifier);
    }
  }
  expect(reached.size).toBeGreaterThan(200);
  expect(packages).toContain('kysely');
  expect(packages).not.toContain('zod');
  expect(reached).not.toContain('server/http/routes/api-routes.ts');
});

const STATIC_IMPORT = /^(?:import|export)\s(?!type\s)(?:[^'();]*?\sfrom\s)?'([^']+)';/gm;
