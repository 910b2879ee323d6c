import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, hostname, release, totalmem, type } from 'node:os';
import type { Fact } from '../suite.js';

/** The facts about the machine that absolute numbers depend on. */
export function describeMachine(folders: Readonly<Record<string, string>>): Readonly<Record<string, Fact>> {
  return {
    host: hostname(),
    kernel: `${type()} ${release()}`,
    distribution: /^PRETTY_NAME="?([^"\n]*)/m.exec(readText('/etc/os-release'))?.[1] ?? 'unknown',
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory_gib: Number((totalmem() / 2 ** 30).toFixed(1)),
    virtualised: /^flags\s*:.*\bhypervisor\b/m.test(readText('/proc/cpuinfo')),
    disks: Object.fromEntries(Object.entries(folders).map(([name, folder]) => [name, describeDisk(folder)])),
    'load average before': readText('/proc/loadavg').split(' ').slice(0, 3).join(' '),
  };
}

/** File system, device and its kind, and the free space. */
function describeDisk(folder: string): string {
  const { bavail, bsize } = statfsSync(folder);
  const free = `${((bavail * bsize) / 2 ** 30).toFixed(0)} GiB free`;
  const mount = mountOf(folder);
  if (mount === undefined) return free;
  const rotational = rotationalFlag(mount.device);
  const kind = rotational === undefined ? '' : rotational ? ', rotating' : ', not rotating';
  return `${mount.fileSystem} on ${mount.device}${kind}, ${free}`;
}

interface Mount {
  readonly device: string;
  readonly fileSystem: string;
}

/** The mount with the longest mount point above the folder. */
function mountOf(folder: string): Mount | undefined {
  let best: (Mount & { readonly point: string }) | undefined;
  for (const line of readText('/proc/mounts').split('\n')) {
    const [device, point, fileSystem] = line.split(' ');
    if (device === undefined || point === undefined || fileSystem === undefined) continue;
    const isAbove = folder === point || folder.startsWith(point.endsWith('/') ? point : `${point}/`);
    if (isAbove && point.length >= (best?.point.length ?? 0)) best = { device, point, fileSystem };
  }
  return best;
}

function rotationalFlag(device: string): boolean | undefined {
  const disk = /^\/dev\/((?:nvme\d+n\d+)|(?:mmcblk\d+)|(?:[a-z]+))/.exec(device)?.[1];
  const flag = disk === undefined ? '' : readText(`/sys/block/${disk}/queue/rotational`).trim();
  return flag === '' ? undefined : flag === '1';
}

/** Empty where there is no such file, as on systems other than Linux; the record then lacks that fact. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** First line that the command prints; `undefined` when it is not installed. */
export function versionOf(command: string, ...args: readonly string[]): string | undefined {
  try {
    const said = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return said.split('\n', 1)[0]?.trim();
  } catch {
    return undefined;
  }
}
