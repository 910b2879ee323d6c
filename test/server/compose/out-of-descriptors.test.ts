import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { SQLITE } from '../../support/databases.js';
import { serveProgram } from './served-program.js';

/** Of which a quarter is kept for files. Node.js opens some hundred modules at once when it starts. */
const OPEN_FILES = 800;
const CONNECTIONS = 1000;

interface Client {
  readonly socket: Socket;
  isClosed: boolean;
}

async function client(port: number): Promise<Client> {
  const socket = connect(port, '127.0.0.1');
  const opened: Client = { socket, isClosed: false };
  socket.on('error', () => undefined).on('close', () => (opened.isClosed = true));
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return opened;
}

async function statusOn({ socket }: Client): Promise<string> {
  socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n');
  const [chunk]: unknown[] = await once(socket, 'data');
  return String(chunk).slice(0, 12);
}

it('connections leave descriptors for the rest of the program, which says so once and goes on', async () => {
  const database = await SQLITE.create();
  onTestFinished(() => database.drop());
  const server = await serveProgram(database.url, { openFiles: OPEN_FILES });
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => client(server.port)));
  const open = (): readonly Client[] => clients.filter(({ isClosed }) => !isClosed);
  // Without the reserve, those that cannot be accepted would wait.
  await expect.poll(() => open().length, { timeout: 20_000 }).toBeLessThan(0.75 * OPEN_FILES);
  await server.output('stderr', /connections were closed at once/);
  expect(server.stderr()).toContain(`"openFilesLimit":${String(OPEN_FILES)}`);
  expect(server.stderr().split('connections were closed at once')).toHaveLength(2);

  // Those that were accepted are served, with the database and all.
  const [one] = open();
  if (one === undefined) throw new Error('no connection was accepted');
  expect(await statusOn(one)).toBe('HTTP/1.1 200');
  for (const { socket } of clients) socket.destroy();
  await expect
    .poll(async () => (await fetch(`http://127.0.0.1:${String(server.port)}/readyz`)).status, {
      timeout: 10_000,
    })
    .toBe(200);
});
