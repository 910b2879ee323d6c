import { createHash } from 'node:crypto';
import { type Connection, createConnection } from 'mysql2/promise';
import { LatencyLog } from './latency-log.js';

// Yardstick of the sync suite: the rate that the database gives to a plain loop. Each connection of mysql2 executes one
// prepared statement for one row at a time; each write is a commit of its own.
//
//   URL=mysql://… MODE=prepare|upsert|select node row-loop.js CONNECTIONS SECONDS
//
// `prepare` creates and fills the table. The rows are those that the load generators push: 100 users, 1,000 documents,
// one device a user. Prints the same JSON object as the load generators.

const USERS = 100;
const DOCUMENTS = 1000;
const TABLE = 'yardstick_progress';
const CREATE = `CREATE TABLE IF NOT EXISTS ${TABLE} (
  user_id INT NOT NULL, document VARBINARY(255) NOT NULL, device VARBINARY(255) NOT NULL,
  position VARBINARY(4096) NOT NULL, percentage DOUBLE NOT NULL, pushed_ms BIGINT NOT NULL,
  PRIMARY KEY (user_id, document, device)) ENGINE=InnoDB`;
const UPSERT =
  `INSERT INTO ${TABLE} (user_id, document, device, position, percentage, pushed_ms) VALUES (?, ?, ?, ?, ?, ?) ` +
  'ON DUPLICATE KEY UPDATE position = VALUES(position), percentage = VALUES(percentage), pushed_ms = VALUES(pushed_ms)';
const SELECT = `SELECT device, position, percentage, pushed_ms FROM ${TABLE} WHERE user_id = ? AND document = ?`;

const documents = Array.from({ length: DOCUMENTS }, (_, index) =>
  createHash('md5').update(String(index)).digest('hex'),
);
const uri = process.env['URL'];
const mode = process.env['MODE'];
const [connections, seconds] = process.argv.slice(2).map(Number);
if (uri === undefined) throw new Error('URL is missing');

function upsertValues(user: number, document: string): (string | number)[] {
  const paragraph = Math.floor(Math.random() * 1000);
  const position = `/body/DocFragment[20]/body/div/p[${paragraph}]/text().0`;
  return [user, document, `BENCH${user}`, position, Math.random(), Date.now()];
}

async function prepare(connection: Connection): Promise<void> {
  await connection.query(CREATE);
  for (let user = 1; user <= USERS; user += 1) {
    const rows = documents.map((document) => upsertValues(user, document));
    const values = rows.map(() => '(?, ?, ?, ?, ?, ?)').join(', ');
    await connection.query(UPSERT.replace('(?, ?, ?, ?, ?, ?)', values), rows.flat());
  }
}

async function drive(connection: Connection, endMs: number, log: LatencyLog): Promise<void> {
  for (let startMs = performance.now(); startMs < endMs;) {
    const user = 1 + Math.floor(Math.random() * USERS);
    const document = documents[Math.floor(Math.random() * DOCUMENTS)] ?? '';
    if (mode === 'upsert') await connection.execute(UPSERT, upsertValues(user, document));
    else await connection.execute(SELECT, [user, document]);
    const nowMs = performance.now();
    log.success(nowMs - startMs);
    startMs = nowMs;
  }
}

const open = await Promise.all(Array.from({ length: connections ?? 1 }, () => createConnection({ uri })));
const log = new LatencyLog();
const startMs = performance.now();
const endMs = startMs + (seconds ?? 1) * 1000;
await Promise.all(
  open.map((connection) => (mode === 'prepare' ? prepare(connection) : drive(connection, endMs, log))),
);
process.stdout.write(`${JSON.stringify(log.result((performance.now() - startMs) / 1000))}\n`);
await Promise.all(open.map((connection) => connection.end()));
