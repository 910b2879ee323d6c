import { expect, it } from 'vitest';
import { parseProcessCpu, processCpuSeconds, processMemoryBytes } from '../../bench/process-figures.js';

it('user and system time are read behind a name with spaces and brackets', () => {
  const stat = '4242 (a) name) S 1 2 3 4 -1 5 6 7 8 9 250 130 11 12 20 0 3 0 99 1000 2000';
  expect(parseProcessCpu(stat)).toBeCloseTo(3.8);
  expect(() => parseProcessCpu('4242 (node) S 1 2')).toThrow('not what /proc has');
});

it('the time of this process is what Node says', () => {
  const before = process.cpuUsage();
  const seconds = processCpuSeconds(process.pid);
  const after = process.cpuUsage();
  // Each of the two is cut to hundredths.
  expect(seconds).toBeGreaterThan((before.user + before.system) / 1e6 - 0.05);
  expect(seconds).toBeLessThan((after.user + after.system) / 1e6 + 0.05);
  expect(processMemoryBytes(process.pid)).toBeGreaterThan(20e6);
});
