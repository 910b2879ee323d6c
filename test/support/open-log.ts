/**
 * Loaded into the program with `--import`, and so into its worker threads too. Appends the path of each file that is
 * opened, and a NUL, to the file that `OPEN_LOG` names. When the process ends, writes its peak memory in kilobytes to the
 * file that `MEMORY_LOG` names.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const openLog = process.env['OPEN_LOG'];
if (openLog !== undefined) {
  const openSync = fs.openSync;
  const log = openSync(openLog, 'a');
  fs.openSync = (path, ...rest) => {
    fs.writeSync(
      log,
      Buffer.concat([Buffer.isBuffer(path) ? path : Buffer.from(String(path)), Buffer.from([0])]),
    );
    return openSync(path, ...rest);
  };
  syncBuiltinESMExports();
}

const memoryLog = process.env['MEMORY_LOG'];
if (isMainThread && memoryLog !== undefined) {
  // Of the whole process with all its threads.
  process.on('exit', () => fs.writeFileSync(memoryLog, String(process.resourceUsage().maxRSS)));
}
