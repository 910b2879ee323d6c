import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { SQLITE } from '../../../../support/databases.js';
import { sendRaw } from '../../raw-socket.js';
import { addUser, startTestServer, type TestServer, type TestUser } from './sync-server.js';

const PATH = '/syncs/progress';

function putOf(document: string, { headers }: TestUser): string {
  const body = JSON.stringify(bodyOf(document));
  const lines = Object.entries({ ...headers, 'content-length': String(body.length) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `PUT ${PATH} HTTP/1.1\r\nhost: x\r\n${head}\r\n${body}`;
}

async function started(): Promise<{ readonly server: TestServer; readonly user: TestUser }> {
  const database = await SQLITE.create();
  const server = await startTestServer(database.url);
  onTestFinished(async () => {
    await server.close();
    await database.drop();
  });
  const user = await addUser(server);
  // So that the credentials are cached, and a push waits for nothing but its commit.
  await server.send('PUT', PATH, { headers: user.headers, body: bodyOf('before') });
  return { server, user };
}

const bodyOf = (document: string) => ({
  document,
  progress: 'p',
  percentage: 0.5,
  device: 'Kobo',
  device_id: 'A',
});

async function stored(server: TestServer, user: TestUser, documents: readonly string[]): Promise<string[]> {
  await server.sync.pushes.idle();
  const replies = await Promise.all(
    documents.map((document) => server.send('GET', `${PATH}/${document}`, { headers: user.headers })),
  );
  return documents.filter((_document, i) => replies[i]?.text !== '{}');
}

it('of two hundred pushes in one packet none is stored, because none is answered', async () => {
  const { server, user } = await started();
  const documents = Array.from({ length: 200 }, (_, i) => `burst${String(i)}`);
  const reply = await sendRaw({
    port: server.port,
    parts: [documents.map((document) => putOf(document, user)).join('')],
  });
  expect([reply.text, reply.isClosed]).toEqual(['', true]);
  expect(await stored(server, user, documents)).toEqual([]);
});

it('a push whose connection ends with it is not stored, because it is not answered', async () => {
  const { server, user } = await started();
  const text = await new Promise((resolve) => {
    let received = '';
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }, () => {
      socket.end(putOf('ended', user));
    });
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('error', () => undefined).on('close', () => resolve(received));
  });
  expect(text).toBe('');
  expect(await stored(server, user, ['ended'])).toEqual([]);
});
