import { readFileSync } from 'node:fs';

/** Of a second, in /proc: USER_HZ, which is 100 on all platforms that Node.js runs on. */
const TICKS = 100;
/** Where user and system time stand behind the name of the program: the 14th and 15th fields of proc(5). */
const USER_FIELD = 11;
const SYSTEM_FIELD = 12;

/**
 * Processor time, user and system, that all threads of a process have used since its start, in seconds; its ended threads
 * included, its children not.
 *
 * @throws Error where there is no such process or no /proc
 */
export function processCpuSeconds(processId: number): number {
  return parseProcessCpu(readFileSync(`/proc/${processId}/stat`, 'latin1'));
}

/** @param stat the text of /proc/PID/stat */
export function parseProcessCpu(stat: string): number {
  // The name of a program may hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[USER_FIELD]) + Number(fields[SYSTEM_FIELD]);
  if (!Number.isFinite(ticks)) throw new Error(`not what /proc has of a process: ${stat}`);
  return ticks / TICKS;
}

/** Memory of a process that is in RAM now (VmRSS), in bytes. */
export function processMemoryBytes(processId: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${processId}/status`, 'latin1'))?.[1];
  if (kib === undefined) throw new Error(`/proc has no memory of process ${processId}`);
  return Number(kib) * 1024;
}
