import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A built copy of the repository: this one, or another revision that it is compared with. */
export interface Checkout {
  /** Its name in results. */
  readonly label: string;
  /** Absolute. */
  readonly root: string;
}

/** The checkout that this file belongs to; the file runs from dist/bench/. */
export const THIS_CHECKOUT: Checkout = {
  label: 'working tree',
  root: fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, ''),
};

export function engineModule({ root }: Checkout): string {
  return join(root, 'dist/engine/index.js');
}

export function programFile({ root }: Checkout): string {
  return join(root, 'dist/server/main.js');
}

/** @throws Error when the checkout was not built */
export function checkBuilt(checkout: Checkout): void {
  for (const file of [engineModule(checkout), programFile(checkout)]) {
    if (!existsSync(file)) throw new Error(`${file} is missing: build the checkout first (npm run build)`);
  }
}
