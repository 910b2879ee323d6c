import { describe, expect, it } from 'vitest';
import {
  headMessageBytes,
  HEAD_BYTES,
  MAX_MESSAGE_BYTES,
  messageBytes,
  packMessage,
  SAMPLE_OFFSETS,
  TAIL_OFFSETS,
} from '../../../engine/digest/sample-plan.js';

describe('the sample plan', () => {
  it('has twelve windows, the last at one gibibyte', () => {
    expect(SAMPLE_OFFSETS).toEqual([
      0, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864, 268_435_456,
      1_073_741_824,
    ]);
    expect([0, 1024, 4096, ...TAIL_OFFSETS]).toEqual(SAMPLE_OFFSETS);
    expect(MAX_MESSAGE_BYTES).toBe(12_288);
  });

  it('counts the bytes of a file that are in a window', () => {
    const ends = SAMPLE_OFFSETS.flatMap((offset) => [offset, offset + 1024]);
    for (const size of ends
      .flatMap((end) => [end - 1, end, end + 1, end + 500])
      .filter((size) => size >= 0)) {
      let bytes = 0;
      for (const offset of SAMPLE_OFFSETS) bytes += Math.min(1024, Math.max(0, size - offset));
      expect(`${size}: ${messageBytes(size)}`).toBe(`${size}: ${bytes}`);
    }
  });

  it('closes the gap in a head of any length, and changes nothing else', () => {
    const file = Uint8Array.from({ length: HEAD_BYTES }, (_, at) => (at * 7 + (at >> 8)) % 251);
    for (const headBytes of [0, 1, 1024, 2047, 2048, 2049, 4095, 4096, 4097, 5119, 5120]) {
      const arena = new Uint8Array(HEAD_BYTES + 200).fill(255);
      arena.set(file.subarray(0, headBytes), 100);
      const message = [...file.subarray(0, Math.min(headBytes, 2048)), ...file.subarray(4096, headBytes)];
      expect(packMessage(arena, 100, headBytes)).toBe(message.length);
      expect(headMessageBytes(headBytes)).toBe(message.length);
      expect([...arena.subarray(100, 100 + message.length)]).toEqual(message);
      expect(
        [...arena.subarray(0, 100), ...arena.subarray(100 + HEAD_BYTES)].every((byte) => byte === 255),
      ).toBe(true);
    }
  });
});
