import { readsKindFor, type ReadsKind } from '../../engine/digest/sample-reader-choice.js';

/** The ways of reading that work on this machine. Containers often forbid io_uring. */
export const READS_HERE: readonly ReadsKind['name'][] =
  readsKindFor('auto').name === 'io-uring' ? ['io-uring', 'system-calls'] : ['system-calls'];
