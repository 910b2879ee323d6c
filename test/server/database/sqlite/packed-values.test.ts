import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import {
  packValues,
  type PackedValues,
  unpackValues,
} from '../../../../server/database/sqlite/packed-values.js';

describe('values for the thread of SQLite', () => {
  it.each([
    ['none', []],
    ['no buffer', [1, 'one', null, 2n ** 60n]],
    ['buffers alone', [Buffer.from('one'), Buffer.from([0, 255])]],
    [
      'buffers among others, an empty one too',
      [7, Buffer.from('name'), null, Buffer.alloc(0), Buffer.from('x'), 3],
    ],
  ])('arrive as they were sent: %s', (_name, values) => {
    expect(unpackValues(sent(packValues([...values])))).toEqual(values);
  });

  it('arrive as buffers', () => {
    const [value] = unpackValues(sent(packValues([Buffer.from('name')])));
    expect(Buffer.isBuffer(value)).toBe(true);
  });
});

/** As another thread gets it. */
function sent(packed: PackedValues): PackedValues {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(packed);
  const received: { message: PackedValues } | undefined = receiveMessageOnPort(port2);
  port1.close();
  if (received === undefined) throw new Error('nothing arrived');
  return received.message;
}
