import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Stands between a browser and the server, and counts the event streams that are open. */
export interface CountedStreams {
  readonly base: string;
  /** Now. */
  open(): number;
  /** At the same time, so far. */
  most(): number;
}

const STREAM = 'GET /api/v1/changes ';

/** @param base of the server, without a base path */
export async function countStreams(base: string): Promise<CountedStreams> {
  const { port } = new URL(base);
  const streams = new Set<Socket>();
  const sockets = new Set<Socket>();
  let most = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // A browser that is closed resets its connections.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        streams.delete(client);
        client.destroy();
        upstream.destroy();
      });
    }
    // Browsers send the whole head of a small request at once.
    client.on('data', (bytes) => {
      if (!bytes.toString('latin1').startsWith(STREAM)) return;
      streams.add(client);
      most = Math.max(most, streams.size);
    });
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening TCP socket has a port');
  return {
    base: `http://127.0.0.1:${String(address.port)}`,
    open: () => streams.size,
    most: () => most,
  };
}
