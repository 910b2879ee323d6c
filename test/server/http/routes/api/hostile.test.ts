import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { testDatabases } from '../../../../support/databases.js';
import { description } from './api-answers.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

/** Values that most fields do not accept. */
const WRONG: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  '',
  'x'.repeat(5000),
  '\u0000',
  '\ud800',
  "' or 1=1; --",
  '../../../etc/passwd',
  [],
  [[[[]]]],
  {},
  { $ref: '#' },
  ['__proto__'],
];
const WRONG_IDS = ['0', '-1', '1.5', '1e3', '0x10', '99999999999999999999', 'NaN', '%00', "'", '１', '1%20'];
const WRONG_QUERIES = [
  'limit=0',
  'limit=201',
  'limit=1e2',
  'limit=-5',
  'limit=',
  'limit=1&limit=2',
  'limit=%31%30%30%30',
  'unknown=1',
  '__proto__=1',
  'constructor=1',
  'toString',
  '=',
  '%ff=1',
  `${'a'.repeat(1000)}=1`,
];
const WRONG_CURSORS = [
  'x',
  '!!!',
  'bnVsbA',
  'e30',
  'W10',
  'MA',
  'LTE',
  'MWU0MDA',
  'eyJsIjoxfQ',
  Buffer.from('{"l":1,"p":"a","x":1}').toString('base64url'),
  Buffer.from('{"l":1e99,"p":"a"}').toString('base64url'),
  Buffer.from('{"__proto__":{}}').toString('base64url'),
  Buffer.from('{"a":1,"k":"*"}').toString('base64url'),
  Buffer.from('[1,2]').toString('base64url'),
  Buffer.from('true').toString('base64url'),
  'A'.repeat(2049),
];

describe.each(testDatabases())('hostile requests to the management API on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
  });

  afterAll(async () => {
    await server.close();
    // Unexpected errors would be logged here.
    expect(server.logLines.filter((line) => (JSON.parse(line) as { level: number }).level >= 50)).toEqual([]);
  });

  const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  /** An address of the operation with ids that do not exist. */
  const nowhere = (path: string) =>
    path.replaceAll(/\{\w+\}/g, (name) => (name === '{document}' ? 'nothing' : '999999'));

  async function refused(method: string, path: string, body?: unknown): Promise<Json> {
    const { status, json } = await owner.call(method, path, method === 'GET' ? undefined : body);
    expect([400, 404, 409, 422], `${method} ${path} ${JSON.stringify(body)}: ${String(status)}`).toContain(
      status,
    );
    return json as Json;
  }

  it('invalid ids', async () => {
    // Of any text it can be said why it finds no book, and one that is not listed is forgotten already.
    const withIds = operations.filter(
      ({ path }) => path.includes('{') && !path.endsWith('/why') && path !== '/unmatched/{document}',
    );
    for (const { path, method } of withIds) {
      for (const id of WRONG_IDS) await refused(method, path.replaceAll(/\{\w+\}/g, id), {});
    }
  });

  it('invalid parameters', async () => {
    for (const { path, method } of operations) {
      for (const query of WRONG_QUERIES) {
        const problem = await refused(method, `${nowhere(path)}?${query}`, {});
        expect(problem).toMatchObject({
          code: 'parameter-invalid',
          errors: [{ parameter: expect.anything() as string }],
        });
      }
    }
  });

  it('invalid cursors, and cursors of another list', async () => {
    const lists = operations.filter(({ operation }) =>
      operation.parameters.some(({ name }) => name === 'cursor'),
    );
    const codes = new Set<string>();
    for (const { path } of lists) {
      for (const cursor of WRONG_CURSORS) {
        const { status, json } = await owner.call(
          'GET',
          `${nowhere(path)}?cursor=${encodeURIComponent(cursor)}`,
        );
        // The cursor of a list by name can be any text.
        expect([200, 400, 404]).toContain(status);
        if (status === 400) codes.add((json as { code: string }).code);
      }
      expect((await owner.call('GET', `${nowhere(path)}?cursor=e30`)).status, path).toBe(400);
    }
    expect([...codes].toSorted()).toEqual(['cursor-invalid', 'parameter-invalid']);
  });

  it('bodies that are not JSON, and JSON of another shape', async () => {
    for (const { path, method } of operations.filter(
      ({ operation }) => operation.requestBody !== undefined,
    )) {
      for (const body of ['{', 'nonsense', '{"a":1}}', "{'a':1}", '\u0000', 'undefined', 'NaN']) {
        expect(await refused(method, nowhere(path), body)).toMatchObject({ code: 'body-not-json' });
      }
      for (const body of [
        'null',
        '1',
        '"text"',
        '[]',
        '[{}]',
        '1e400',
        '['.repeat(20_000) + ']'.repeat(20_000),
      ]) {
        expect(await refused(method, nowhere(path), body)).toMatchObject({ code: 'body-invalid' });
      }
      expect((await owner.call(method, nowhere(path), 'x'.repeat(70_000))).status).toBe(413);
    }
  });

  it('unknown fields, each of which gets a pointer, even __proto__', async () => {
    for (const { path, method } of operations.filter(
      ({ operation }) => operation.requestBody !== undefined,
    )) {
      const problem = await refused(
        method,
        nowhere(path),
        '{"__proto__":{"admin":true},"constructor":1,"a/b~c é":1}',
      );
      expect(problem.code).toBe('body-invalid');
      const pointers = (problem.errors as { pointer?: string }[]).map(({ pointer }) => pointer);
      expect(pointers).toEqual(
        expect.arrayContaining(['#/__proto__', '#/constructor', '#/a~1b~0c%20%C3%A9']),
      );
    }
    expect({}).not.toHaveProperty('admin');
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`field ${String(i)}`, i]));
    expect((await refused('POST', '/users', many)).errors).toHaveLength(20);
  });

  it('fields of the wrong type, each of which gets a pointer', async () => {
    for (const { path, method, operation } of operations) {
      const schema = operation.requestBody?.content['application/json']?.schema;
      const name =
        schema !== undefined && '$ref' in schema ? String(schema.$ref).split('/').at(-1) : undefined;
      const resolved = description.components.schemas[name ?? ''] ?? schema ?? {};
      for (const field of 'properties' in resolved ? Object.keys(resolved.properties ?? {}) : []) {
        for (const value of WRONG) {
          const { status, json } = await owner.call(method, nowhere(path), { [field]: value });
          // Of credentials that nobody has.
          const refusedLogin = operation.operationId === 'signIn' || operation.operationId === 'checkSetup';
          expect([201, 400, 404, 409, 422, ...(refusedLogin ? [401, 403] : [])]).toContain(status);
          const { code, errors } = json as { code?: string; errors?: { pointer: string }[] };
          if (code === 'body-invalid')
            expect(errors?.every(({ pointer }) => pointer.startsWith('#/'))).toBe(true);
        }
      }
    }
  });

  it('random requests', async () => {
    const requests = fc.record({
      operation: fc.constantFrom(...operations),
      // The objects with the id 1 are the owner and the key that these requests are sent with.
      parts: fc.array(fc.oneof(fc.integer({ min: 2, max: 9 }).map(String), fc.string({ unit: 'binary' })), {
        minLength: 2,
        maxLength: 2,
      }),
      query: fc.option(fc.string({ unit: 'binary' }).map(encodeURIComponent)),
      body: fc.oneof(fc.json(), fc.string()),
    });
    await fc.assert(
      fc.asyncProperty(requests, async ({ operation, parts, query, body }) => {
        const rest = [...parts];
        const path = operation.path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(rest.pop() || 'x'));
        const sent = operation.method === 'GET' ? undefined : body;
        const { status } = await owner.call(
          operation.method,
          `${path}${query === null ? '' : `?q=${query}`}`,
          sent,
        );
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 1500 },
    );
    expect((await owner.call('GET', '/me')).status).toBe(200);
  }, 120_000);
});
