import { afterEach, describe, expect, it } from 'vitest';
import { jsonAnswer } from '../../../server/http/answer.js';
import { Cors } from '../../../server/http/cors.js';
import { sendRaw } from './raw-socket.js';
import { closeServers, get, serve } from './served-handler.js';

afterEach(closeServers);

const READER = 'https://reader.example.org';
const closing = 'Connection: close';
const preflight = (origin: string): string =>
  `OPTIONS /syncs/progress HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: PUT\r\n` +
  `Access-Control-Request-Headers: x-auth-user,content-type\r\n${closing}\r\n\r\n`;

async function served(origins: readonly string[] | undefined, request: string): Promise<string> {
  const answer = () => jsonAnswer(200, { body: 1 });
  const { port } = await serve(answer, origins === undefined ? {} : { cors: new Cors(origins) });
  return (await sendRaw({ port, parts: [request] })).text;
}

describe('a web page of an allowed origin', () => {
  it('may read the answers', async () => {
    const text = await served(['https://other.example.org', READER], get('/', `Origin: ${READER}`, closing));
    expect(text).toContain(`\r\nAccess-Control-Allow-Origin: ${READER}\r\n`);
    expect(text).toContain('\r\nVary: Origin\r\n');
    expect(text).toContain('\r\nAccess-Control-Expose-Headers: location, retry-after\r\n');
    expect(text).not.toContain('Credentials');
  });

  it('may read refusals as well', async () => {
    const text = await served(
      [READER],
      `DELETE / HTTP/1.1\r\nHost: x\r\nOrigin: ${READER}\r\n${closing}\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 500/);
    expect(text).toContain(`\r\nAccess-Control-Allow-Origin: ${READER}\r\n`);
  });

  it('is told what it may send', async () => {
    const text = await served([READER], preflight(READER));
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).toContain(`\r\nAccess-Control-Allow-Origin: ${READER}\r\n`);
    expect(text).toMatch(/\r\nAccess-Control-Allow-Methods: .*\bPUT\b.*\r\n/);
    for (const name of ['x-auth-user', 'x-auth-key', 'authorization', 'accept', 'content-type']) {
      expect(text).toMatch(new RegExp(`\r\nAccess-Control-Allow-Headers: .*\\b${name}\\b.*\r\n`));
    }
    expect(text).toMatch(/\r\n\r\nYes$/);
  });

  it('is any web page where every origin is allowed', async () => {
    for (const request of [get('/', `Origin: ${READER}`, closing), preflight(READER)]) {
      expect(await served(['*'], request)).toContain('\r\nAccess-Control-Allow-Origin: *\r\n');
    }
  });
});

describe('a web page of another origin', () => {
  it.each([`${READER}:8443`, 'http://reader.example.org', 'https://example.org', 'null'])(
    'may not read answers: %s',
    async (origin) => {
      const text = await served([READER], get('/', `Origin: ${origin}`, closing));
      expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(text).not.toContain('Access-Control');
      expect(text).toContain('\r\nVary: Origin\r\n');
    },
  );

  it('gets no answer to what it may send', async () => {
    const text = await served([READER], preflight('https://example.org'));
    expect(text).not.toMatch(/^HTTP\/1\.1 200|Access-Control/);
  });

  it('is every web page as long as none is allowed', async () => {
    for (const request of [get('/', `Origin: ${READER}`, closing), preflight(READER)]) {
      expect(await served(undefined, request)).not.toMatch(/Access-Control|Vary/);
    }
  });
});
