import { request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { probedProgram, TLS_FILES } from '../probe/probed-program.js';

interface TlsAnswer {
  readonly status: number | undefined;
  readonly cookie: string | undefined;
}

/** As a browser that has accepted the certificate. */
function ask(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: unknown,
): Promise<TlsAnswer> {
  const origin = `https://localhost:${String(port)}`;
  const all = { origin, 'content-type': 'application/json', ...headers };
  return new Promise((resolve, reject) => {
    const asked = request(
      `https://localhost:${String(port)}/api/v1${path}`,
      { method, headers: all, agent: false, rejectUnauthorized: false, lookup: loopback },
      (response) => {
        response.resume();
        response.on('end', () =>
          resolve({ status: response.statusCode, cookie: response.headers['set-cookie']?.[0] }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const loopback: LookupFunction = (_host, options, done) => {
  if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};

it('where Dogear itself speaks HTTPS, the cookie of a session is for HTTPS and this host alone', async () => {
  const program = await probedProgram();
  onTestFinished(() => program.close());
  const port = await program.serve(
    `server.tls.certificate=${TLS_FILES.certificate}`,
    `server.tls.key=${TLS_FILES.key}`,
  );
  const login = { name: 'anna', password: 'secret' };
  const { status, cookie = '' } = await ask(port, 'POST', '/sessions', {}, login);
  expect(status).toBe(201);
  const [pair = '', ...attributes] = cookie.split('; ');
  expect(pair).toMatch(new RegExp(`^__Host-dogear_session_${String(port)}=[\\w-]{43}$`));
  expect(attributes).toEqual(expect.arrayContaining(['Path=/', 'HttpOnly', 'SameSite=Strict', 'Secure']));
  expect(attributes.join()).not.toContain('Domain');
  expect((await ask(port, 'GET', '/me', { cookie: pair })).status).toBe(200);
  // A page of this machine without encryption could have set one without the prefix.
  const plain = pair.replace('__Host-', '');
  expect((await ask(port, 'GET', '/me', { cookie: plain })).status).toBe(401);
  const http = { cookie: pair, origin: `http://localhost:${String(port)}` };
  expect((await ask(port, 'DELETE', '/sessions/current', http)).status).toBe(403);
  const out = await ask(port, 'DELETE', '/sessions/current', { cookie: pair });
  expect(out.status).toBe(204);
  expect(out.cookie).toMatch(/^__Host-dogear_session_\d+=; Path=\/; Max-Age=0; .*Secure$/);
  expect((await ask(port, 'GET', '/me', { cookie: pair })).status).toBe(401);
});
