import { setTimeout as delay } from 'node:timers/promises';
import { LoadClient, nowMs } from '../../test/server/compose/load-client.js';

/** One kind of request that an honest client repeats. */
export interface HonestRequest {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A new body for each request. */
  readonly body?: () => string;
}

export interface HonestLatencies {
  /** Of all requests, failed ones included. */
  readonly ms: readonly number[];
  /** Other answers, and none within KOReader's time limit. */
  readonly failed: number;
}

/** Between an answer and the next request of a client. */
const PAUSE_MS = 5;

/** A client for each of the requests repeats it for some time. @returns their latencies, in the order of the requests */
export function measureHonest(
  port: number,
  requests: readonly HonestRequest[],
  seconds: number,
): Promise<readonly HonestLatencies[]> {
  const endMs = nowMs() + seconds * 1000;
  return Promise.all(
    requests.map(async ({ method, path, headers, body }) => {
      const client = new LoadClient();
      const ms: number[] = [];
      let failed = 0;
      while (nowMs() < endMs) {
        const answer = await client.send(port, method, path, headers, body?.());
        // One that is not answered counts with the time that it waited.
        ms.push(answer.answeredMs - answer.sentMs);
        if (answer.status !== 200) failed += 1;
        await delay(PAUSE_MS);
      }
      client.close();
      return { ms, failed };
    }),
  );
}
