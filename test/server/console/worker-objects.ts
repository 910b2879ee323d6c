import type { Browser, CDPSession } from 'playwright-core';

/**
 * Counts the objects of a class that live in the worker that all tabs of a server share. Chromium collects garbage first.
 *
 * @param base of the server
 */
export async function countWorkerObjects(browser: Browser, base: string, className: string): Promise<number> {
  const devtools = await browser.newBrowserCDPSession();
  try {
    const { targetInfos } = await devtools.send('Target.getTargets');
    const worker = targetInfos.find(({ type, url }) => type === 'shared_worker' && url.startsWith(base));
    if (worker === undefined) throw new Error('there is no shared worker');
    const { targetId } = worker;
    const { sessionId } = await devtools.send('Target.attachToTarget', { targetId });
    const ask = asker(devtools, sessionId);
    const prototype = await ask('Runtime.evaluate', { expression: `${className}.prototype` });
    const objects = await ask('Runtime.queryObjects', { prototypeObjectId: prototype.result.objectId });
    const count = await ask('Runtime.callFunctionOn', {
      objectId: objects.objects.objectId,
      functionDeclaration: 'function () { return this.length; }',
      returnByValue: true,
    });
    return Number(count.result.value);
  } finally {
    await devtools.detach();
  }
}

/** Playwright has no sessions for shared workers, so messages are wrapped by hand. */
function asker(devtools: CDPSession, sessionId: string) {
  let last = 0;
  // oxlint-disable-next-line typescript/no-explicit-any -- what DevTools answer
  return async (method: string, params: object): Promise<any> => {
    last += 1;
    const id = last;
    const answered = new Promise((resolve, reject) => {
      devtools.on('Target.receivedMessageFromTarget', ({ message }) => {
        const answer = JSON.parse(message) as { id?: number; result?: unknown; error?: { message: string } };
        if (answer.id !== id) return;
        if (answer.error === undefined) resolve(answer.result);
        else reject(new Error(`${method}: ${answer.error.message}`));
      });
    });
    const message = JSON.stringify({ id, method, params });
    await devtools.send('Target.sendMessageToTarget', { sessionId, message });
    return answered;
  };
}
