import { describe, expect, it } from 'vitest';
import { clientAddress, type Network, parseNetwork } from '../../../server/http/client-address.js';

const NONE = new ArrayBuffer(0);

function bytes(...values: number[]): ArrayBuffer {
  return new Uint8Array(values).buffer;
}

function networks(...texts: string[]): Network[] {
  return texts.flatMap((text) => {
    const network = parseNetwork(text);
    return network === undefined ? [] : [network];
  });
}

const localhost = bytes(127, 0, 0, 1);
const mappedLocalhost = bytes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1);
const documentation6 = bytes(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

describe('the address of a client', () => {
  it('is that of the socket, whatever the headers claim', () => {
    expect(clientAddress(localhost, NONE, '192.0.2.1', [])).toBe('127.0.0.1');
    expect(clientAddress(localhost, NONE, '192.0.2.1', networks('10.0.0.0/8'))).toBe('127.0.0.1');
    expect(clientAddress(localhost, bytes(192, 0, 2, 9), '', [])).toBe('127.0.0.1');
    expect(clientAddress(mappedLocalhost, NONE, '', [])).toBe('127.0.0.1');
    expect(clientAddress(documentation6, NONE, '', [])).toBe('2001:db8:0:0:0:0:0:1');
    expect(clientAddress(NONE, NONE, '192.0.2.1', networks('0.0.0.0/0'))).toBe('unknown');
  });

  const proxies = networks('127.0.0.1', '10.0.0.0/8', '2001:db8::/32');

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['198.51.100.7, 192.0.2.1', '192.0.2.1'],
    ['198.51.100.7,192.0.2.1 , 10.1.2.3', '192.0.2.1'],
    ['10.9.9.9, 10.1.2.3', '10.9.9.9'],
    ['evil, 192.0.2.1', '192.0.2.1'],
    ['192.0.2.1, evil', '127.0.0.1'],
    ['192.0.2.1, evil, 10.1.2.3', '10.1.2.3'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['[2001:db9::1]:4711', '2001:db9:0:0:0:0:0:1'],
    ['2001:db9::1', '2001:db9:0:0:0:0:0:1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['', '127.0.0.1'],
    [',', '127.0.0.1'],
  ])(
    'behind trusted proxies is the first from the right that is no trusted proxy: %s',
    (header, expected) => {
      expect(clientAddress(localhost, NONE, header, proxies)).toBe(expected);
      expect(clientAddress(mappedLocalhost, NONE, header, proxies)).toBe(expected);
    },
  );

  it('comes from the PROXY protocol if the peer is trusted', () => {
    expect(clientAddress(localhost, bytes(192, 0, 2, 9), '', proxies)).toBe('192.0.2.9');
    expect(clientAddress(bytes(198, 51, 100, 1), bytes(192, 0, 2, 9), '', proxies)).toBe('198.51.100.1');
  });

  it.each(['', 'localhost', '10.0.0.0/33', '10.0.0/8x', '1.2.3.4.5', '::/129'])(
    'takes no network from %j',
    (text) => {
      expect(parseNetwork(text)).toBeUndefined();
    },
  );
});
