import { describe, expect, it } from 'vitest';
import { nearestName } from '../../config/nearest-name.js';

const NAMES = ['log', 'url', 'tls', 'port', 'host', 'certificate', 'base_url', 'trusted_proxies'];

describe('the name that was probably meant by', () => {
  it.each([
    ['lgo', 'log'],
    ['ulr', 'url'],
    ['tsl', 'tls'],
    ['prot', 'port'],
    ['Port', 'port'],
    ['certifcate', 'certificate'],
    ['cretificate', 'certificate'],
    ['baseUrl', 'base_url'],
    ['trusted-proxys', 'trusted_proxies'],
  ])('%s is %s', (typed, name) => {
    expect(nearestName(typed, NAMES)).toBe(name);
  });

  it.each(['cert', 'root', 'database', 'x'.repeat(101), ''])('%s is none of them', (typed) => {
    expect(nearestName(typed, NAMES)).toBeUndefined();
  });
});
