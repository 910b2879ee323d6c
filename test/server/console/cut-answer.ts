import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

/**
 * Stands between a browser and the server, and cuts the first answer to a request for `path` in its middle, as a server does
 * that is killed while it answers.
 *
 * @param base of the server, without a base path
 * @returns the address for the browser, and what lets the next requests for `path` through, which wait until then
 */
export async function cutAnswer(
  base: string,
  path: string,
): Promise<{ readonly base: string; answerAgain(this: void): void }> {
  let isCut = false;
  const gate = new EventEmitter();
  const mayAnswer = once(gate, 'open');
  const pass = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const { method, headers, url = '' } = asked;
    if (!isCut && url.startsWith(path)) {
      isCut = true;
      answer.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
      answer.write('{"items":[', () => answer.destroy());
      return;
    }
    if (url.startsWith(path)) await mayAnswer;
    const upstream = request(`${base}${url}`, { method, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    upstream.on('error', () => answer.destroy());
    answer.on('close', () => upstream.destroy());
    asked.pipe(upstream);
  };
  const server = createServer((asked, answer) => void pass(asked, answer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening TCP socket has a port');
  return {
    base: `http://127.0.0.1:${String(address.port)}`,
    answerAgain: () => {
      gate.emit('open');
    },
  };
}
