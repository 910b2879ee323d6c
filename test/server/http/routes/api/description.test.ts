import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { API_ROUTES } from '../../../../../server/http/routes/api-routes.js';
import { problemsOf } from '../../../../../server/http/openapi.js';
import { PROBLEMS, type ProblemCode } from '../../../../../server/http/problem.js';
import { testDatabases } from '../../../../support/databases.js';
import { repositoryRoot } from '../../../../support/repository-root.js';
import { answerProblem, description, type OpenApi } from './api-answers.js';
import { type ApiServer, startApiServer } from './api-server.js';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];
const [sqlite] = testDatabases();
if (sqlite === undefined) throw new Error('there is no database');

describe('the description of the management API', () => {
  const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

  it('has the shape of OpenAPI 3.1', () => {
    expect(description).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\.\d+$/) as string,
      info: { title: expect.any(String) as string, version: '0', license: { name: 'MIT' } },
      servers: [{ url: '/api/v1' }],
      security: [{ apiKey: [] }, { session: [] }],
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie' },
        },
      },
    });
    expect(operations.length).toBeGreaterThan(30);
    for (const { path, method, operation } of operations) {
      expect(METHODS).toContain(method);
      expect(path).toMatch(/^(\/([a-z-]+|\{\w+\}))+$/);
      expect(operation.operationId).toMatch(/^[a-zA-Z]+$/);
      expect(Object.keys(operation.responses).every((status) => /^[2345]\d\d$/.test(status))).toBe(true);
      for (const response of Object.values(operation.responses)) expect(response.description).not.toBe('');
    }
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names every parameter of a path, and no other', () => {
    for (const { path, operation } of operations) {
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
      expect(inPath.map(({ name }) => name)).toEqual(
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      );
      expect(inPath.every(({ required }) => required)).toBe(true);
      const names = operation.parameters.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('has no dangling reference and no unused schema', () => {
    const text = JSON.stringify(description);
    const referred = new Set(
      [...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, reference]) => String(reference)),
    );
    const there = Object.keys(description.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...referred].toSorted()).toEqual(there.toSorted());
    expect(text).not.toMatch(/"\$(id|schema|defs)"/);
  });

  it('every list has pages', () => {
    const lists = operations.filter(({ operation }) => operation.operationId.startsWith('list'));
    expect(lists.length).toBeGreaterThan(6);
    for (const { operation } of lists) {
      const names = operation.parameters.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['limit', 'cursor']));
      const limit = operation.parameters.find(({ name }) => name === 'limit');
      expect(limit?.schema).toEqual({ type: 'integer', minimum: 1, maximum: 200 });
    }
  });

  it('detects an answer that does not match it', () => {
    const seen = { method: 'GET', path: '/me', status: 200, contentType: 'application/json' };
    const me = {
      user_id: 1,
      name: 'a',
      owner: true,
      permissions: [],
      api_key_id: null,
      session_id: 1,
      has_password: true,
    };
    const problem = (more: object, value: object) =>
      answerProblem({ ...seen, ...more, text: JSON.stringify(value) });
    expect(problem({}, me)).toBeUndefined();
    expect(problem({}, { ...me, name: 1 })).toContain('name');
    expect(problem({}, { ...me, secret: 'x' })).toContain('secret');
    expect(problem({}, { ...me, permissions: ['other'] })).toContain('permissions');
    expect(problem({ status: 201 }, me)).toContain('no such status');
    expect(problem({ contentType: 'text/html' }, me)).toContain('no type');
  });
});

describe('the description as it is served', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer(sqlite, { basePath: '/sync' });
  });
  afterAll(() => server.close());

  it('needs no key and names the address of this server', async () => {
    const response = await fetch(`${server.url}/api/v1/openapi.json`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    const served = (await response.json()) as OpenApi;
    expect(served).toEqual({
      ...description,
      servers: [{ url: '/sync/api/v1' }],
      info: { ...(served as unknown as { info: object }).info, version: '1.2.3' },
    });
  });

  it('an unknown address is answered with a problem as well', async () => {
    const get = async (path: string, method = 'GET') => {
      const response = await fetch(`${server.url}${path}`, { method });
      return [
        response.status,
        response.headers.get('content-type'),
        ((await response.json()) as { code: string }).code,
        response.headers.get('allow'),
      ];
    };
    const type = 'application/problem+json';
    expect(await get('/api/v1/nothing')).toEqual([404, type, 'not-found', null]);
    expect(await get('/api/v1')).toEqual([404, type, 'not-found', null]);
    expect(await get('/api/v1/libraries', 'PUT')).toEqual([405, type, 'method-not-allowed', 'GET, POST']);
    expect(await get('/api/v1/users/%ff', 'GET')).toEqual([400, type, 'path-invalid', null]);
  });
});

describe('ERRORS.md', () => {
  const text = readFileSync(join(repositoryRoot, 'server/http/ERRORS.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `([a-z-]+)` *\| (\d{3}) *\| (.+) \|$/gm)].map(
    ([, code, status, says]) => ({
      code,
      status: Number(status),
      says: says?.trim() ?? '',
    }),
  );

  it('lists every code with its status, and no other', () => {
    const documented = rows.map(({ code, status }) => `${String(code)} ${String(status)}`);
    const known = Object.entries(PROBLEMS).map(([code, { status }]) => `${code} ${String(status)}`);
    expect(documented.toSorted()).toEqual(known.toSorted());
    for (const { says } of rows) expect(says.length).toBeGreaterThan(20);
  });

  it('every code belongs to some route, or to an unknown address', () => {
    const ofRoutes = new Set(API_ROUTES.flatMap(problemsOf));
    const ofNone: readonly ProblemCode[] = ['not-found', 'method-not-allowed'];
    expect([...ofRoutes, ...ofNone].toSorted()).toEqual(Object.keys(PROBLEMS).toSorted());
  });
});
