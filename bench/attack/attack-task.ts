import { z } from 'zod';

/** Hostile clients come from an address of their own, so that honest ones are not throttled with them. */
export const HOSTILE_ADDRESS = '127.0.0.2';

/** Attacks on those who push and pull. A name without a comma, because people list them with commas. */
export const SYNC_ATTACKS = [
  'unread description',
  'unread description on 200 connections',
  'unread 404s',
  'burst of pushes',
  'half-closed push',
  'doubtful framing',
  'slow bodies',
  'wrong keys',
] as const;
export type AttackName =
  (typeof SYNC_ATTACKS)[number] | 'many devices' | 'pulls of one document' | 'translation';

export interface AttackTask {
  readonly port: number;
  /** All at once. */
  readonly attacks: readonly AttackName[];
  /** Pause of each client between two attempts. */
  readonly pauseMs: number;
  /** Of a user of the attacker's own. */
  readonly keyPath: string;
  readonly key: string;
  /** The document that is pushed with many devices, and the one whose positions are to be translated. */
  readonly document: string;
}

export const attackReport = z.object({
  opened: z.int(),
  /** Connections that the server closed. */
  closed: z.int(),
  /** Answers by status, as far as they were read. */
  answers: z.record(z.string(), z.int()),
  /** Pushes without an answer that were looked for afterwards: a sample of them. */
  checked: z.int(),
  /** Those of them that were stored. */
  storedUnanswered: z.int(),
  /** Requests with doubtful framing in their headers that were answered 200. */
  believed: z.int(),
});
export type AttackReport = z.infer<typeof attackReport>;
