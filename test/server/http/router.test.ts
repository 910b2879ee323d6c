import { describe, expect, it, vi } from 'vitest';
import { jsonAnswer } from '../../../server/http/answer.js';
import type { Method, RouteGroup } from '../../../server/http/route.js';
import { Router } from '../../../server/http/router.js';

function group(prefix: string, ...routes: readonly [Method, string][]): RouteGroup {
  return {
    prefix,
    routes: routes.map(([method, pattern]) => ({ method, pattern, handle: () => jsonAnswer(200, {}) })),
    fail: () => jsonAnswer(500, {}),
  };
}

const groups = [
  group('', ['GET', '/health'], ['PUT', '/syncs/progress'], ['GET', '/syncs/progress/*document']),
  group('/koreader', ['GET', '/:key/users/auth'], ['GET', '/:key/syncs/progress/*document']),
  group(
    '/api/v1',
    ['GET', '/books'],
    ['POST', '/books'],
    ['GET', '/books/:id'],
    ['GET', '/books/:id/parts/:part'],
  ),
];

function describeMatch(router: Router, method: string, path: string): unknown {
  const match = router.match(method, path);
  if (match.route !== undefined) return [match.route.label, ...match.params];
  return [match.failure?.kind ?? 'loading', match.group.prefix];
}

describe('the router', () => {
  const router = new Router('', groups);

  it.each([
    ['GET', '/health', ['GET /health']],
    ['HEAD', '/health', ['GET /health']],
    ['GET', '/health/', ['GET /health']],
    ['GET', '//health', ['GET /health']],
    ['PUT', '/syncs/progress', ['PUT /syncs/progress']],
    ['PUT', '/syncs/progress/', ['PUT /syncs/progress']],
    ['GET', '/syncs/progress/abc', ['GET /syncs/progress/*document', 'abc']],
    ['GET', '/syncs/progress/', ['GET /syncs/progress/*document', '']],
    ['GET', '/syncs/progress/a/b//c/', ['GET /syncs/progress/*document', 'a/b//c/']],
    ['GET', '/syncs/progress/a%2Fb%20c+d', ['GET /syncs/progress/*document', 'a/b c+d']],
    ['GET', '/koreader/KEY/users/auth', ['GET /koreader/:key/users/auth', 'KEY']],
    ['GET', '/koreader/KEY//users/auth', ['GET /koreader/:key/users/auth', 'KEY']],
    ['GET', '/koreader/K%20Y/syncs/progress/d', ['GET /koreader/:key/syncs/progress/*document', 'K Y', 'd']],
    ['GET', '/api/v1/books/7', ['GET /api/v1/books/:id', '7']],
    ['GET', '/api/v1/books/7/parts/x', ['GET /api/v1/books/:id/parts/:part', '7', 'x']],
    ['GET', '/', ['not-found', '']],
    ['GET', '', ['not-found', '']],
    ['GET', '/Health', ['not-found', '']],
    ['GET', '/koreader', ['not-found', '/koreader']],
    ['GET', '/koreader/KEY', ['not-found', '/koreader']],
    ['GET', '/koreader/KEY/nothing', ['not-found', '/koreader']],
    ['GET', '/api/v1', ['not-found', '/api/v1']],
    ['GET', '/api/v2/books', ['not-found', '']],
    ['GET', '/syncs/progress', ['method-not-allowed', '']],
    ['DELETE', '/syncs/progress/x', ['method-not-allowed', '']],
    ['PUT', '/api/v1/books', ['method-not-allowed', '/api/v1']],
    ['GET', '/syncs/progress/%', ['bad-path', '']],
    ['GET', '/syncs/progress/%ff', ['bad-path', '']],
    ['GET', '/syncs/progress/\uFFFD', ['bad-path', '']],
    ['GET', '/koreader/%zz/users/auth', ['bad-path', '/koreader']],
  ])('%s %s', (method, path, expected) => {
    expect(describeMatch(router, method, path)).toEqual(expected);
  });

  it('lists the allowed methods', () => {
    expect(router.match('PUT', '/api/v1/books').failure).toEqual({
      kind: 'method-not-allowed',
      allowed: ['GET', 'POST'],
    });
  });

  it('answers only below its base path', () => {
    const based = new Router('/sub', groups);
    expect(describeMatch(based, 'GET', '/sub/health')).toEqual(['GET /health']);
    for (const path of ['/health', '/subhealth', '/sub', '/su', '/sub2/health']) {
      expect(describeMatch(based, 'GET', path)).toEqual(['not-found', '']);
    }
  });

  it('refuses two routes for one path, and groups without an empty prefix', () => {
    expect(() => new Router('', [group('', ['GET', '/a'], ['GET', '/a'])])).toThrow('two routes');
    expect(() => new Router('', [group('/a')])).toThrow('no group of routes has an empty prefix');
  });
});

describe('routes that are loaded late', () => {
  const ROOT = group('', ['GET', '/health']);
  const BOOKS = group('/api/v1', ['GET', '/books'], ['POST', '/books']);

  it('are loaded once, for the first path below their prefix, and found afterwards', async () => {
    const load = vi.fn(() => Promise.resolve(BOOKS));
    const loaded = vi.fn();
    const router = new Router('', [ROOT], [{ prefix: '/api/v1', load, fail: BOOKS.fail }], loaded);
    expect(describeMatch(router, 'GET', '/health')).toEqual(['GET /health']);
    expect(describeMatch(router, 'GET', '/api')).toEqual(['not-found', '']);
    expect(load).not.toHaveBeenCalled();
    const matches = ['/api/v1', '/api/v1/books', '/api//v1/none'].map((path) => router.match('GET', path));
    for (const { loading } of matches) await loading;
    expect(load).toHaveBeenCalledOnce();
    expect(loaded).toHaveBeenCalledExactlyOnceWith(BOOKS);
    expect(describeMatch(router, 'GET', '/api/v1/books')).toEqual(['GET /api/v1/books']);
    expect(describeMatch(router, 'PUT', '/api/v1/books')).toEqual(['method-not-allowed', '/api/v1']);
    expect(describeMatch(router, 'GET', '/api/v1/none')).toEqual(['not-found', '/api/v1']);
  });

  it('answer every request with their failure when they cannot be loaded', async () => {
    const load = vi.fn(() => Promise.reject(new Error('no file')));
    const router = new Router('', [ROOT], [{ prefix: '/api/v1', load, fail: BOOKS.fail }]);
    for (const path of ['/api/v1/books', '/api/v1/none']) {
      const match = router.match('GET', path);
      expect(match.group?.prefix).toBe('/api/v1');
      await expect(match.loading).rejects.toThrow('no file');
    }
    expect(load).toHaveBeenCalledOnce();
  });
});
