import { fileURLToPath } from 'node:url';

/** Absolute path of the checkout, without a trailing slash; this file runs from dist/test/support. */
export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
