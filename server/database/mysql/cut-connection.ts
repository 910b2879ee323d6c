import { Duplex } from 'node:stream';
import type { Connection } from 'mysql2';

/**
 * Closes a connection whose server may never answer again. `destroy()` of mysql2 only sends the end of its own side: the
 * socket stays open until the server closes it too, and statements that wait for an answer wait for ever. They fail at once
 * here, as when the server had closed the connection.
 */
export function cutConnection(connection: Connection): void {
  if ('stream' in connection && connection.stream instanceof Duplex) connection.stream.destroy();
  else connection.destroy();
}
