import { EventConnection } from './event-connection.js';
import type { LiveNews, LiveRequest } from './live-messages.js';

// Shared by all tabs: a browser opens six connections to a server, and each event stream would hold one of them.

const ports = new Set<MessagePort>();

const connection = new EventConnection((news) => {
  for (const port of ports) port.postMessage(news);
});

addEventListener('connect', (event) => {
  // TypeScript's DOM library has no types for the inside of a shared worker.
  const port = event instanceof MessageEvent ? event.ports[0] : undefined;
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
});
