/**
 * Settings that have flags of their own, and what each is. Apart from schema.ts, so that the command line prints its help
 * without loading what checks values.
 */
export const FLAG_SENTENCES = {
  '--database':
    'The database: one SQLite file, or a MySQL or MariaDB database. A password in a flag shows to every user of the ' +
    'machine in the list of processes; give it in a file (database.url_file) or in the environment.',
  '--jobs': 'The number of threads that hash at once; auto adapts it to the storage.',
  '--host': 'The address that the server listens on; 0.0.0.0 is every IPv4 address of the machine.',
  '--port': 'The TCP port that the server listens on; 0 takes a free one.',
} as const;

export type Flag = keyof typeof FLAG_SENTENCES;
