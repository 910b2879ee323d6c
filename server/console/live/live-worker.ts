import { EventConnection } from './event-connection.js';
import type { LiveNews, LiveRequest } from './live-messages.js';

// Shared by all tabs: a browser opens six connections to a server, and each event stream would hold one of them.

interface SharedWorkerScope {
  onconnect: ((event: MessageEvent) => void) | null;
}

// TypeScript has no types for the inside of a shared worker in its DOM library.
const scope = globalThis as unknown as SharedWorkerScope;
const ports = new Set<MessagePort>();

const connection = new EventConnection((news) => {
  for (const port of ports) port.postMessage(news);
});

scope.onconnect = ({ ports: [port] }) => {
  if (port === undefined) return;
  ports.add(port);
  port.addEventListener('message', ({ data }: MessageEvent<LiveRequest>) => {
    if (data === 'close') {
      connection.close();
      return;
    }
    connection.open();
    for (const news of connection.news) port.postMessage(news satisfies LiveNews);
  });
  port.start();
};
