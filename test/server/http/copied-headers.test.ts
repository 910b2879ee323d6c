import { describe, expect, it } from 'vitest';
import { jsonAnswer } from '../../../server/http/answer.js';
import { CopiedHeaders } from '../../../server/http/copied-headers.js';
import type { ReadHeader } from '../../../server/http/request.js';
import { type CompiledRoute, Router } from '../../../server/http/router.js';

/** As the native request returns them: one character for each byte, `''` for an absent header. */
const SENT = new Map([
  ['x-auth-user', 'anna'],
  ['x-auth-key', Buffer.from('Schlüssel').toString('latin1')],
  ['accept', ''],
]);
const request = {
  getHeader: (name: string) => SENT.get(name) ?? '',
  forEach: (visit: (name: string, value: string) => void) => {
    for (const [name, value] of SENT) visit(name, value);
  },
};

describe('the headers of a route', () => {
  it('are copied if the route declares them, and only then', () => {
    const headers = new CopiedHeaders(routeWith(['x-auth-key', 'accept']), request);
    expect(headers.get('x-auth-key')).toBe('Schlüssel');
    expect(headers.get('accept')).toBeUndefined();
    expect(() => headers.get('x-auth-user')).toThrow('the route does not declare the header x-auth-user');
    expect(() => headers.get('authorization')).toThrow('does not declare the header authorization');
  });

  it('are none if the route declares none', () => {
    const headers = new CopiedHeaders(routeWith([]), request);
    expect(() => headers.get('x-auth-key')).toThrow('does not declare');
  });

  it('are all of them if it declares nothing, and if there is no route', () => {
    for (const route of [routeWith(undefined), undefined]) {
      const headers = new CopiedHeaders(route, request);
      expect(headers.get('x-auth-user')).toBe('anna');
      expect(headers.get('authorization')).toBeUndefined();
    }
  });
});

function routeWith(headers: readonly ReadHeader[] | undefined): CompiledRoute {
  const handle = () => jsonAnswer(200, {});
  const named = headers === undefined ? {} : { headers };
  const route = { method: 'GET' as const, pattern: '/', handle, ...named };
  const router = new Router('', [{ prefix: '', routes: [route], fail: handle }]);
  const match = router.match('GET', '/');
  if (match.route === undefined) throw new Error('the test is wrong');
  return match.route;
}
