import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { AccessLog, maskPath } from '../../../server/http/access-log.js';

const KEY = 'dogear_abcdef_abcdefghjkmnpqrstuvwxyz234';

describe('the access log', () => {
  it.each([
    [`/koreader/${KEY}/users/auth`, '/koreader/dogear_abcdef_***/users/auth'],
    [`/sub/koreader/${KEY}/syncs/progress/d`, '/sub/koreader/dogear_abcdef_***/syncs/progress/d'],
    [`/koreader/${KEY.slice(0, -1)}/users/auth`, '/koreader/***/users/auth'],
    ['/koreader/my%20secret', '/koreader/***'],
    [`/${KEY}/users/auth`, '/dogear_abcdef_***/users/auth'],
    [`/x/${KEY.toUpperCase()}`, '/x/***'],
    [`/x/%64%6Fgear_${KEY.slice(7)}`, '/x/***'],
    [`/koreader%2F${KEY}/users/auth`, '/***/users/auth'],
    [`/koreader%2fmistyped/users/auth`, '/***/users/auth'],
    [`/sub%2Fkoreader%2F${KEY}`, '/***'],
    ['/koreader//mistyped/users/auth', '/koreader//***/users/auth'],
    ['/koreader/./mistyped/users/auth', '/koreader/./***/users/auth'],
    ['/%6Boreader/mistyped/users/auth', '/%6Boreader/***/users/auth'],
    ['/Koreader/mistyped/users/auth', '/Koreader/***/users/auth'],
    ['/syncs/progress/d', '/syncs/progress/d'],
    [`/${'x'.repeat(1000)}`, `/${'x'.repeat(299)}`],
  ])('shows %s as %s', (path, shown) => {
    expect(maskPath(path)).toBe(shown);
  });

  it('limits its lines while requests fail, and logs how many it left out', async () => {
    const lines: string[] = [];
    const log = new AccessLog(pino({ level: 'info' }, { write: (line) => lines.push(line) }));
    const request = {
      method: 'PUT',
      path: '/p',
      query: '',
      params: [],
      receivedMs: 0,
      hasLeft: false,
      body: '',
      isUserNameLost: false,
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
