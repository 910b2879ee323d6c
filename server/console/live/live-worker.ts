import { EventConnection } from './event-connection.js';
import { type LiveNews, type LiveRequest, TAB_LOST_MS } from './live-messages.js';

// Shared by all tabs: a browser opens six connections to a server, and each event stream would hold one of them.

/** When each tab was heard last. */
const ports = new Map<MessagePort, number>();

const connection = new EventConnection((news) => {
  for (const [port, heardMs] of ports) {
    if (performance.now() - heardMs > TAB_LOST_MS) ports.delete(port);
    else port.postMessage(news);
  }
});

addEventListener('connect', (event) => {
  // TypeScript's DOM library has no types for the inside of a shared worker.
  const port = event instanceof MessageEvent ? event.ports[0] : undefined;
  if (port === undefined) return;
  port.addEventListener('message', ({ data }: MessageEvent<LiveRequest>) => {
    if (data === 'leave') {
      ports.delete(port);
      return;
    }
    if (data === 'close') {
      connection.close();
      return;
    }
    ports.set(port, performance.now());
    connection.open();
    for (const news of connection.news) port.postMessage(news satisfies LiveNews);
  });
  port.start();
});
