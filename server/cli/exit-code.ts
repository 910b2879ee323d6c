/** Exit codes of the program. */
export const EXIT = {
  ok: 0,
  /** Something failed: a file, a scan, the database, a use case. */
  failed: 1,
  /** The command line or the configuration is wrong; nothing was started. */
  usage: 2,
  /** Stopped by Ctrl-C (128 + SIGINT). */
  interrupted: 130,
  /** Stopped by SIGTERM (128 + SIGTERM). */
  terminated: 143,
} as const;
