/**
 * Loaded into the program with `--import`, and so into its worker threads too. While the file that `SLOW_STORAGE` names
 * exists, every file of a library takes as many milliseconds as stand in it, as on a disk that is far away. Only for
 * `engine.reads=system-calls`.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const file = process.env['SLOW_STORAGE'];
if (!isMainThread && file !== undefined) {
  const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  // Each file that is read is looked at with this call.
  fs.fstatSync = new Proxy(fs.fstatSync, {
    apply: (fstatSync, self, parameters: Parameters<typeof fs.fstatSync>) => {
      if (fs.existsSync(file)) Atomics.wait(cell, 0, 0, Number(fs.readFileSync(file, 'latin1')));
      return Reflect.apply(fstatSync, self, parameters);
    },
  });
  syncBuiltinESMExports();
}
