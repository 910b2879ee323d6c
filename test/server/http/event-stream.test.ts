import { expect, it } from 'vitest';
import { WaitingShares } from '../../../server/batching/waiting-shares.js';
import { userId } from '../../../server/domain/ids.js';
import { SharedCount } from '../../../server/domain/shared-count.js';
import { eventStream, type StreamedState } from '../../../server/http/event-stream.js';

it('streams that begin at the same time share the last place', async () => {
  const streams = new SharedCount();
  for (let i = 0; i < 99; i++) streams.tryAdd(100);
  const state: StreamedState<string> = { value: 'scanning', version: '1', isEnd: false };
  const ended: string[] = [];
  const watch = (name: string) =>
    eventStream({
      isReconnect: false,
      source: async function* () {
        try {
          for (;;) yield await Promise.resolve(state);
        } finally {
          ended.push(name);
        }
      },
      isStillPermitted: () => Promise.resolve(true),
      stopping: new AbortController().signal,
      streams,
      shares: new WaitingShares(25),
      userId: userId(1),
    });
  const answers = [await watch('first'), await watch('second')];
  const gone = new AbortController();
  const pieces = answers.map((answer) =>
    'pieces' in answer ? answer.pieces(gone.signal)[Symbol.asyncIterator]() : undefined,
  );
  const begun = await Promise.all(pieces.map(async (stream) => (await stream?.next())?.done));
  expect([begun, streams.value, ended]).toEqual([[false, true], 100, ['second']]);
  await pieces[0]?.return?.(undefined);
  expect([streams.value, ended]).toEqual([99, ['second', 'first']]);
});
