import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Listens on a free port until the test ends. @returns the port */
export async function listenInTest(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening TCP socket has a port');
  return address.port;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** A server that gives every request one answer. */
export async function answering(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<{ readonly port: number; readonly seen: readonly SeenRequest[] }> {
  const seen: SeenRequest[] = [];
  const listener: RequestListener = ({ method = '', url = '', headers: sent }, response) => {
    seen.push({ method, path: url, headers: sent });
    response.writeHead(status, headers).end(body);
  };
  return { port: await listenInTest(createHttpServer(listener)), seen };
}

/** What a proxy changes: the text of a request, which arrives in one piece, and the text of its answer. */
export interface ProxyChanges {
  readonly request?: (text: string) => string;
  readonly answer?: (text: string) => string;
  /** How long an answer is held back. */
  readonly delayMs?: (text: string) => number;
}

/** A proxy that passes on bytes, one connection for each request. @returns its port */
export function proxyTo(
  port: number,
  { request = (text) => text, answer = (text) => text, delayMs = () => 0 }: ProxyChanges,
): Promise<number> {
  return listenInTest(
    createServer((client) => {
      const server = connect(port, '127.0.0.1');
      client.on('close', () => server.destroy());
      client.on('data', (piece) => server.write(request(piece.toString('latin1')), 'latin1'));
      server.on('error', () => client.destroy());
      server.on('data', (piece) => {
        const text = piece.toString('latin1');
        setTimeout(() => client.end(answer(text), 'latin1'), delayMs(text));
      });
    }),
  );
}
