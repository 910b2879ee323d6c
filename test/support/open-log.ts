/**
 * Loaded into the program with `--import`, and so into its worker threads too. Appends the path of each file that is
 * opened and read, and a NUL, to the file that `OPEN_LOG` names. When the process ends, writes its peak memory in kilobytes to the
 * file that `MEMORY_LOG` names.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const openLog = process.env['OPEN_LOG'];
if (openLog !== undefined) {
  const log = fs.openSync(openLog, 'a');
  // Not all files are opened with Node's calls, but each that is read is looked at with this one.
  fs.fstatSync = new Proxy(fs.fstatSync, {
    apply: (fstatSync, self, parameters: Parameters<typeof fs.fstatSync>) => {
      const path = fs.readlinkSync(`/proc/self/fd/${parameters[0]}`, 'buffer');
      fs.writeSync(log, Buffer.concat([path, Buffer.from([0])]));
      return Reflect.apply(fstatSync, self, parameters);
    },
  });
  syncBuiltinESMExports();
}

const memoryLog = process.env['MEMORY_LOG'];
if (isMainThread && memoryLog !== undefined) {
  // Of the whole process with all its threads.
  process.on('exit', () => fs.writeFileSync(memoryLog, String(process.resourceUsage().maxRSS)));
}
