import { describe, expect, it } from 'vitest';
import { failureOfErrno } from '../../engine/failure.js';

describe('the failure code of an errno', () => {
  it.each(['ENOENT', 'ENOTDIR'])('is `vanished` for %s', (errno) => {
    expect(failureOfErrno(errno).code).toBe('vanished');
  });

  it.each(['ESTALE', 'EIO', 'ETIMEDOUT', 'ENOTCONN', 'EHOSTDOWN', 'EACCES', 'EMFILE'])(
    'is not `vanished` for %s',
    (errno) => {
      expect(failureOfErrno(errno).code).not.toBe('vanished');
    },
  );
});
