import { loadUws } from '../../server/http/uws-native.js';

// Yardstick of the serve suite: what uWebSockets.js costs by itself. It reads no path, no header and no database, and
// answers every GET and every other request with a body of the given size. Prints its port.
//
//   node bare-server.js PUSH_BYTES PULL_BYTES

const [pushBytes, pullBytes] = process.argv.slice(2).map(Number);
if (!(Number(pushBytes) > 0) || !(Number(pullBytes) > 0))
  throw new Error('usage: bare-server.js PUSH_BYTES PULL_BYTES');
const pushAnswer = 'x'.repeat(Number(pushBytes));
const pullAnswer = 'x'.repeat(Number(pullBytes));
const TYPE = 'application/json';

const { uws } = loadUws();
uws
  .App()
  .any('/*', (response, request) => {
    if (request.getMethod() === 'get') {
      response.writeHeader('Content-Type', TYPE).end(pullAnswer);
      return;
    }
    response.onAborted(() => undefined);
    response.onData((_chunk, isLast) => {
      if (!isLast) return;
      response.cork(() => {
        response.writeHeader('Content-Type', TYPE).end(pushAnswer);
      });
    });
  })
  .listen('127.0.0.1', 0, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
    if (socket === false) throw new Error('no port of 127.0.0.1 is free');
    process.stdout.write(`${uws.us_socket_local_port(socket)}\n`);
  });
