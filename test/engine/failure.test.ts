import { describe, expect, it } from 'vitest';
import { failureOfErrno } from '../../engine/failure.js';

describe('what an operating system error means', () => {
  it.each(['ENOENT', 'ENOTDIR'])('is that the file is gone for %s', (errno) => {
    expect(failureOfErrno(errno).code).toBe('vanished');
  });

  it.each(['ESTALE', 'EIO', 'ETIMEDOUT', 'ENOTCONN', 'EHOSTDOWN', 'EACCES', 'EMFILE'])(
    'is not that the file is gone for %s',
    (errno) => {
      expect(failureOfErrno(errno).code).not.toBe('vanished');
    },
  );
});
