/** How another sync server keeps its users and positions in SQLite. */
export interface SqliteLayout {
  /** The program, for people. */
  readonly name: string;
  /** Tables and columns by which it is known, and that the queries use. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
  /**
   * Gives `name`, and `key` where the server stores what readers send. Where it stores a hash of that, or another password,
   * nothing can be taken over: the users have to be in Dogear already.
   */
  readonly users: string;
  /** Gives `user_name`, `document`, `progress`, `percentage` from 0 to 1, `device`, `device_id`, `pushed`. */
  readonly positions: string;
}

// Names in brackets are tables of the other program, some of which have the name of one of Dogear's.

/**
 * The widest spread servers whose schema is public and says enough. Calibre-Web-Automated, Stump and Komga are libraries
 * that many people run; kosyncsrv is the oldest small server with SQLite, with five forks; koreader-sync by nperez0111 and
 * koreader-syncd are the usual containers in TypeScript and Rust.
 */
export const SQLITE_LAYOUTS: readonly SqliteLayout[] = [
  {
    name: 'kosyncsrv',
    tables: {
      user: ['username', 'password'],
      document: ['username', 'documentid', 'percentage', 'progress', 'device', 'device_id', 'timestamp'],
    },
    users: 'select username as name, password as key from [user]',
    positions:
      'select username as user_name, documentid as document, progress, percentage, device, device_id, ' +
      'timestamp as pushed from [document] order by username, documentid',
  },
  {
    name: 'koreader-syncd',
    tables: {
      users: ['username', 'password'],
      progress: ['username', 'document', 'percentage', 'progress', 'device', 'device_id', 'timestamp'],
    },
    users: 'select username as name from [users]',
    positions:
      'select username as user_name, document, progress, percentage, device, device_id, timestamp as pushed ' +
      'from [progress] order by username, document',
  },
  {
    name: 'koreader-sync (nperez0111)',
    tables: {
      users: ['id', 'username', 'password'],
      progress: ['user_id', 'document', 'percentage', 'progress', 'device', 'device_id', 'timestamp'],
    },
    users: 'select username as name from [users]',
    positions:
      'select u.username as user_name, p.document, p.progress, p.percentage, p.device, p.device_id, ' +
      'p.timestamp as pushed from [progress] as p join [users] as u on u.id = p.user_id order by p.user_id, p.document',
  },
  {
    // Percentages from 0 to 100, times as text in UTC. Readers log in with the password itself, by HTTP Basic.
    name: 'Calibre-Web-Automated',
    tables: {
      user: ['id', 'name'],
      kosync_progress: ['user_id', 'document', 'percentage', 'progress', 'device', 'device_id', 'timestamp'],
    },
    users: 'select distinct u.name from [kosync_progress] as p join [user] as u on u.id = p.user_id',
    positions:
      'select u.name as user_name, p.document, p.progress, p.percentage / 100.0 as percentage, p.device, p.device_id, ' +
      'p.timestamp as pushed from [kosync_progress] as p join [user] as u on u.id = p.user_id ' +
      'order by p.user_id, p.document',
  },
  {
    // A book that is read to its end has no place any more, only the fact.
    name: 'Stump',
    tables: {
      users: ['id', 'username'],
      media: ['id', 'koreader_hash'],
      reading_sessions: [
        'user_id',
        'media_id',
        'koreader_progress',
        'percentage_completed',
        'device_id',
        'updated_at',
      ],
      registered_reading_devices: ['id', 'name'],
    },
    users:
      'select distinct u.username as name from [reading_sessions] as s join [users] as u on u.id = s.user_id ' +
      'where s.koreader_progress is not null',
    positions:
      'select u.username as user_name, m.koreader_hash as document, s.koreader_progress as progress, ' +
      "s.percentage_completed as percentage, coalesce(d.name, 'Stump') as device, s.device_id, s.updated_at as pushed " +
      'from [reading_sessions] as s join [users] as u on u.id = s.user_id join [media] as m on m.id = s.media_id ' +
      'left join [registered_reading_devices] as d on d.id = s.device_id ' +
      'where s.koreader_progress is not null and m.koreader_hash is not null order by s.user_id, s.media_id',
  },
  {
    // Of EPUBs it keeps no place of KOReader's, so only comics and PDFs, whose places are pages, are taken over.
    name: 'Komga',
    tables: {
      user: ['id', 'email'],
      book: ['id', 'file_hash_koreader'],
      media: ['book_id', 'media_type', 'page_count'],
      read_progress: ['user_id', 'book_id', 'page', 'read_date', 'device_id', 'device_name'],
    },
    users: 'select distinct u.email as name from [read_progress] as p join [user] as u on u.id = p.user_id',
    positions:
      'select u.email as user_name, b.file_hash_koreader as document, cast(p.page as text) as progress, ' +
      "min(1.0, p.page * 1.0 / m.page_count) as percentage, coalesce(nullif(p.device_name, ''), 'Komga') as device, " +
      "nullif(p.device_id, '') as device_id, p.read_date as pushed from [read_progress] as p " +
      'join [user] as u on u.id = p.user_id join [book] as b on b.id = p.book_id join [media] as m on m.book_id = p.book_id ' +
      "where b.file_hash_koreader <> '' and m.page_count > 0 and m.media_type <> 'application/epub+zip' " +
      'order by p.user_id, p.book_id',
  },
];
