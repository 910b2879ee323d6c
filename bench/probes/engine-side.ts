import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Checkout, engineModule } from '../checkout.js';
import { killedWithBench } from '../child-process.js';
import {
  type EngineAnswer,
  engineAnswer,
  type EngineProbeOptions,
  type EngineTask,
} from './engine-messages.js';

const PROBE = fileURLToPath(new URL('engine-probe.js', import.meta.url));

/** The engine of a checkout in a process of its own, which measures on request. To be closed. */
export class EngineSide {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(
    checkout: Checkout,
    options: Omit<EngineProbeOptions, 'engineModule'>,
  ): Promise<EngineSide> {
    const complete: EngineProbeOptions = { ...options, engineModule: engineModule(checkout) };
    const child = fork(PROBE, [JSON.stringify(complete)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    killedWithBench(child);
    const side = new EngineSide(child);
    await side.#message();
    return side;
  }

  async run(task: EngineTask): Promise<EngineAnswer> {
    const answer = this.#message();
    this.#child.send(task);
    return engineAnswer.parse(await answer);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    // `close` is not emitted for a child whose channel was disconnected by its parent.
    const exit = once(this.#child, 'exit');
    this.#child.disconnect();
    await exit;
  }

  #message(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const child = this.#child;
      const onMessage = (message: unknown): void => {
        child.removeListener('close', onClose);
        resolve(message);
      };
      const onClose = (): void => {
        child.removeListener('message', onMessage);
        reject(new Error('the process of the measured engine ended; its messages are above'));
      };
      child.once('message', onMessage);
      child.once('close', onClose);
    });
  }
}

/** One pass of an engine in a process that is started for it and ends after it. */
export async function measureOnce(
  checkout: Checkout,
  options: Omit<EngineProbeOptions, 'engineModule'>,
  task: EngineTask,
): Promise<EngineAnswer> {
  const side = await EngineSide.start(checkout, options);
  try {
    return await side.run(task);
  } finally {
    await side.close();
  }
}
