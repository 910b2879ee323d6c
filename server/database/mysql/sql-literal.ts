import { createRequire } from 'node:module';
import type * as Mysql from 'mysql2';

const require = createRequire(import.meta.url);
let mysql: typeof Mysql | undefined;

/**
 * A value as a part of a statement's text: by the function with which mysql2 itself inserts parameters. Loaded at its first use,
 * because a server with SQLite needs no part of mysql2, which takes 3 MB.
 */
export function sqlLiteral(value: Mysql.SqlValue): string {
  mysql ??= loadMysql();
  return mysql.escape(value);
}

function loadMysql(): typeof Mysql {
  const loaded: typeof Mysql = require('mysql2');
  return loaded;
}
