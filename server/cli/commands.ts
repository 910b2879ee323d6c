import type { Command } from 'commander';
import type { CommandContext } from './context.js';

type FillCommand = (command: Command, context: CommandContext) => void;

/** Every command. Its arguments, options and action are loaded when it is called, so that none waits for the others. */
export const COMMANDS: Readonly<
  Record<string, { readonly description: string; load(this: void): Promise<FillCommand> }>
> = {
  up: {
    description: 'add the folders as libraries if they are new, scan them, and answer readers',
    load: async () => (await import('./up-command.js')).fillUpCommand,
  },
  serve: {
    description: 'answer readers and the management API; scans are started by "dogear scan" or over the API',
    load: async () => (await import('./serve-command.js')).fillServeCommand,
  },
  console: {
    description:
      'print a link that signs an owner in to the console once, within ten minutes; or, while no owner can sign in, one ' +
      'that sets up the owner',
    load: async () => (await import('./console-command.js')).fillConsoleCommand,
  },
  scan: {
    description: 'find new, changed, moved and missing books, and hash the new and changed ones',
    load: async () => (await import('./scan-command.js')).fillScanCommand,
  },
  verify: {
    description: 'read the files of a library again, and say which are not as the catalogue has them',
    load: async () => (await import('./verify-command.js')).fillVerifyCommand,
  },
  duplicates: {
    description: 'list books whose files are the same to the last byte; reads those of equal digest and size',
    load: async () => (await import('./duplicates-command.js')).fillDuplicatesCommand,
  },
  library: {
    description: 'the folders of books that Dogear knows',
    load: async () => (await import('./library-command.js')).fillLibraryCommand,
  },
  user: {
    description: 'the users, and what they may do',
    load: async () => (await import('./user-command.js')).fillUserCommand,
  },
  key: {
    description: 'API keys, with which readers and programs log in',
    load: async () => (await import('./key-command.js')).fillKeyCommand,
  },
  device: {
    description: 'the devices that users sync with',
    load: async () => (await import('./device-command.js')).fillDeviceCommand,
  },
  progress: {
    description: 'how far users have read',
    load: async () => (await import('./progress-command.js')).fillProgressCommand,
  },
  unmatched: {
    description: 'documents that devices push in vain, because no book has them',
    load: async () => (await import('./unmatched-command.js')).fillUnmatchedCommand,
  },
  book: {
    description: 'books, and the documents that are linked to them',
    load: async () => (await import('./book-command.js')).fillBookCommand,
  },
  why: {
    description:
      'say which book a document or a file finds, or what finds a book, and what became of the pushes',
    load: async () => (await import('./why-command.js')).fillWhyCommand,
  },
  import: {
    description:
      'take over users and positions from another server; says what it would do, and with --apply does it',
    load: async () => (await import('./import-command.js')).fillImportCommand,
  },
  export: {
    description: 'print users, devices, positions, history and links as JSON lines, for another Dogear',
    load: async () => (await import('./export-command.js')).fillExportCommand,
  },
  hash: {
    description: "print KOReader's partial MD5 of files, like md5sum: digest, two spaces, path",
    load: async () => (await import('./hash-command.js')).fillHashCommand,
  },
  translate: {
    description: "print a reading position in all its forms: KOReader's, EPUB CFI, and the text around it",
    load: async () => (await import('./translate-command.js')).fillTranslateCommand,
  },
  migrate: {
    description:
      "bring the database's tables up to date; every command that uses the database does so by itself",
    load: async () => (await import('./migrate-command.js')).fillMigrateCommand,
  },
  config: {
    description: 'print every setting with its value and the source of the value; secrets are masked',
    load: async () => (await import('./config-command.js')).fillConfigCommand,
  },
  doctor: {
    description:
      'show what this machine offers, and check that the database answers; or speak to an address as KOReader does, and ' +
      'say what keeps it from syncing',
    load: async () => (await import('./doctor-command.js')).fillDoctorCommand,
  },
};
