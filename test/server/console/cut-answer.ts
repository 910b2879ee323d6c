import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { onTestFinished } from 'vitest';

/**
 * Stands between a browser and the server, and cuts the first answer to a request for `path` in its middle, as a server does
 * that is killed while it answers.
 *
 * @param base of the server, without a base path
 * @returns the address for the browser
 */
export async function cutAnswer(base: string, path: string): Promise<string> {
  let isCut = false;
  const server = createServer((asked, answer) => {
    const { method, headers, url = '' } = asked;
    if (!isCut && url.startsWith(path)) {
      isCut = true;
      answer.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
      answer.write('{"items":[', () => answer.destroy());
      return;
    }
    const upstream = request(`${base}${url}`, { method, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    upstream.on('error', () => answer.destroy());
    answer.on('close', () => upstream.destroy());
    asked.pipe(upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening TCP socket has a port');
  return `http://127.0.0.1:${String(address.port)}`;
}
