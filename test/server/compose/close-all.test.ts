import { expect, it } from 'vitest';
import { closeAll } from '../../../server/compose/close-all.js';

it('all steps of closing run in their order, and the error of the first that failed is thrown', async () => {
  const ran: number[] = [];
  const closing = closeAll(
    () => ran.push(1),
    () => {
      ran.push(2);
      return Promise.reject(new Error('the second'));
    },
    () => {
      ran.push(3);
      throw new Error('the third');
    },
    async () => {
      await Promise.resolve();
      ran.push(4);
    },
  );
  await expect(closing).rejects.toThrow('the second');
  expect(ran).toEqual([1, 2, 3, 4]);
});
