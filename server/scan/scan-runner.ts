import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from '../domain/error-text.js';

/**
 * A name of this process by which another process on the same machine can tell whether it still runs: host, boot,
 * process namespace, process number and start time. The start time tells it from a later process with the same number.
 */
export function currentRunner(): string {
  return runnerName(process.pid);
}

/** Whether the runner is known to be dead. False for a runner on another machine, or in another process namespace. */
export function isRunnerDead(runner: string): boolean {
  const pid = Number(runner.split(' ').at(-2));
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (machine() !== runner.split(' ').slice(0, -2).join(' ')) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
  return runnerName(pid) !== runner;
}

function runnerName(pid: number): string {
  return `${machine()} ${String(pid)} ${startTime(pid)}`;
}

function machine(): string {
  const boot = readSystemFile('/proc/sys/kernel/random/boot_id')?.trim().slice(0, 8) ?? '-';
  return `${hostname()} ${boot} ${processNamespace()}`;
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    return '-'; // no /proc: other systems than Linux have one namespace
  }
}

/** Clock ticks after boot: field 22 of /proc/PID/stat. The command's name, field 2, ends with `)` and may hold spaces. */
function startTime(pid: number): string {
  const stat = readSystemFile(`/proc/${String(pid)}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
}

function readSystemFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // the process ended, or there is no /proc
  }
}
