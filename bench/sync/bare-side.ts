import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { killedWithBench } from '../child-process.js';
import type { Fleet } from './fleet.js';

export interface AnswerSizes {
  readonly pushBytes: number;
  readonly pullBytes: number;
}

/** Sizes of the bodies that a server answers a push and the pull after it with. */
export async function answerSizes(port: number, { keysFile, documentsFile }: Fleet): Promise<AnswerSizes> {
  const [key = ''] = readFileSync(keysFile, 'utf8').split('\n', 1);
  const [document = ''] = readFileSync(documentsFile, 'utf8').split('\n', 1);
  const base = `http://127.0.0.1:${port}/koreader/${key}/syncs/progress`;
  const headers = { Accept: 'application/vnd.koreader.v1+json', 'Content-Type': 'application/json' };
  const push = {
    document,
    progress: '/body/DocFragment[20]/body/div/p[100]/text().0',
    percentage: 0.5,
    device: 'Kobo_nova',
    device_id: 'BENCH0001',
  };
  const pushed = await bodyBytes(await fetch(base, { method: 'PUT', headers, body: JSON.stringify(push) }));
  const pulled = await bodyBytes(await fetch(`${base}/${document}`, { headers }));
  return { pushBytes: pushed, pullBytes: pulled };
}

async function bodyBytes(response: Response): Promise<number> {
  const body = await response.arrayBuffer();
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return body.byteLength;
}

export interface BareServer {
  readonly port: number;
  readonly processId: number;
  stop(): Promise<void>;
}

/** yardstick/bare-server.ts as a process of its own. To be stopped. */
export async function startBareServer({ pushBytes, pullBytes }: AnswerSizes): Promise<BareServer> {
  const script = fileURLToPath(new URL('../yardstick/bare-server.js', import.meta.url));
  const child = spawn(process.execPath, [script, String(pushBytes), String(pullBytes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  killedWithBench(child);
  const exit = once(child, 'exit');
  const started = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), exit]);
  const port = Number(started[0]);
  const { pid } = child;
  if (child.exitCode !== null || pid === undefined) throw new Error('the bare server did not start');
  return {
    port,
    processId: pid,
    stop: async () => {
      child.kill('SIGTERM');
      await exit;
    },
  };
}
