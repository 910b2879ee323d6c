import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { AccessLog, maskPath, PathWords } from '../../../server/http/access-log.js';
import { jsonAnswer } from '../../../server/http/answer.js';
import type { Method, Route } from '../../../server/http/route.js';

const KEY = 'abcdefghjkmnpqrstuvwxyz2';
const OLDER_KEY = 'dogear_abcdef_abcdefghjkmnpqrstuvwxyz234';
const AUTH = 'GET /koreader/:api_key/users/auth';
const PUSH = 'PUT /koreader/:api_key/syncs/progress';
const PULL = 'GET /koreader/:api_key/syncs/progress/*document';
const NONE = 'none';

const fail = () => jsonAnswer(404, {});
const route = (method: Method, pattern: string): Route => ({ method, pattern, handle: fail });
const groups = [
  { prefix: '', fail, routes: [route('GET', '/syncs/progress/*document'), route('GET', '/users/auth')] },
  { prefix: '/koreader', fail, routes: [route('PUT', '/:api_key/syncs/progress')] },
  { prefix: '/api/v1', fail, routes: [route('GET', '/progress/:document')] },
];

describe('the access log', () => {
  it.each([
    // With a route, the part that is the key is not shown, whatever it looks like.
    [`/koreader/${KEY}/users/auth`, AUTH, '/koreader/***/users/auth'],
    [`/koreader/${OLDER_KEY}/users/auth`, AUTH, '/koreader/***/users/auth'],
    ['/koreader/mistyped/users/auth', AUTH, '/koreader/***/users/auth'],
    ['/koreader/my%20secret/syncs/progress', PUSH, '/koreader/***/syncs/progress'],
    ['/koreader/koreader/syncs/progress/koreader', PULL, '/koreader/***/syncs/progress/koreader'],
    [`//koreader///${KEY}//users/auth/`, AUTH, '//koreader///***//users/auth/'],
    ['/syncs/progress/d/e', 'GET /syncs/progress/*document', '/syncs/progress/d/e'],
    ['/api/v1/progress/d', 'GET /api/v1/progress/:document', '/api/v1/progress/d'],
    // Without a route only words of routes are shown.
    [`/koreader/${KEY}`, NONE, '/koreader/***'],
    [`/koreader/${KEY}/`, NONE, '/koreader/***/'],
    ['/koreader/mis/typed/users/auth', NONE, '/koreader/***/***/users/auth'],
    ['/koreader/./mistyped/users/auth', NONE, '/koreader/***/***/users/auth'],
    [`/${KEY}/users/auth`, NONE, '/***/users/auth'],
    [`/koreder/${KEY}/users/auth`, NONE, '/***/***/users/auth'],
    [`/Koreader/${KEY}/users/auth`, NONE, '/***/***/users/auth'],
    [`/sub/koreader/${KEY}/syncs/progress/d`, NONE, '/***/koreader/***/syncs/progress/***'],
    [`/koreader%2F${KEY}/users/auth`, NONE, '/***/users/auth'],
    [`/koreader${KEY}/users/auth`, NONE, '/***/users/auth'],
    [`/%6Boreader/${KEY}`, NONE, '/***/***'],
    // A route that takes any path.
    [`/ui/koreader/${KEY}/users/auth`, 'GET /ui/*path', '/***/koreader/***/users/auth'],
    ['/users/auth', NONE, '/users/auth'],
    ['/', NONE, '/'],
    [
      `/syncs/progress/${'x'.repeat(1000)}`,
      'GET /syncs/progress/*document',
      `/syncs/progress/${'x'.repeat(284)}`,
    ],
    [`/${'x'.repeat(1000)}`, NONE, '/***'],
  ])('shows %s of %s as %s', (path, label, shown) => {
    expect(maskPath(path, label, new PathWords('', groups))).toBe(shown);
  });

  it('knows where the key is below a base path', () => {
    const words = new PathWords('/books/koreader', groups);
    expect(maskPath(`/books/koreader/koreader/${KEY}/users/auth`, AUTH, words)).toBe(
      '/books/koreader/koreader/***/users/auth',
    );
    expect(maskPath(`/books/${KEY}`, NONE, words)).toBe('/books/***');
  });

  it('shows the prefix of routes that are not loaded yet, and their words once they are', () => {
    const words = new PathWords('', [{ prefix: '/api/v1', routes: [] }]);
    expect(maskPath('/api/v1/progress/d', NONE, words)).toBe('/api/v1/***/***');
    words.add({ prefix: '/api/v1', routes: [{ pattern: '/progress/:document' }] });
    expect(maskPath('/api/v1/progress/d', NONE, words)).toBe('/api/v1/progress/***');
  });

  it('limits its lines while requests fail, and logs how many it left out', async () => {
    const lines: string[] = [];
    const log = new AccessLog(
      pino({ level: 'info' }, { write: (line) => lines.push(line) }),
      new PathWords('', groups),
    );
    const request = {
      method: 'PUT',
      path: '/p',
      query: '',
      params: [],
      receivedMs: 0,
      hasLeft: false,
      body: '',
      isUserNameLost: false,
      isFromTrustedProxy: false,
      clientAddress: '192.0.2.1',
      header: () => undefined,
    };
    for (let i = 0; i < 5000; i++) log.write(request, 'PUT /p', 503, 1);
    expect(lines.length).toBeLessThanOrEqual(100);
    const written = lines.length;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    log.write(request, 'PUT /p', 503, 1);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ level: 40, linesLeftOut: 5000 - written });
    log.write(request, 'PUT /p', 200, 1);
    expect(lines).toHaveLength(written + 1);
  });
});
