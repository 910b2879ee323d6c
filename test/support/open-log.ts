/**
 * Loaded into the program with `--import` (worker threads load it too): writes the path of every file that is
 * opened to the file named in `OPEN_LOG`, each ended by a NUL, and the peak memory of the
 * process to `MEMORY_LOG` when it ends.
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
  // kilobytes, of the whole process with all its threads
  process.on('exit', () => fs.writeFileSync(memoryLog, String(process.resourceUsage().maxRSS)));
}
