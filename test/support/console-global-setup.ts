import type { TestProject } from 'vitest/node';
import { chromiumExecutable } from './chromium.js';
import { nginxExecutable } from './nginx-executable.js';

/** The path of a program, or why there is none. */
export type FoundProgram = { readonly path: string } | { readonly missing: string };

declare module 'vitest' {
  interface ProvidedContext {
    chromium: FoundProgram;
    nginx: FoundProgram;
  }
}

/**
 * Finds or installs the programs that the tests of the console need. Only the tests that use a program fail when it cannot
 * be had. It is done before all tests, because two that installed at the same time would wait for each other's locks.
 */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('chromium', await foundProgram(chromiumExecutable));
  project.provide('nginx', await foundProgram(nginxExecutable));
}

async function foundProgram(find: () => Promise<string>): Promise<FoundProgram> {
  try {
    return { path: await find() };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** @throws Error that says what to do, when there is no such program */
export function pathOf(program: FoundProgram): string {
  if ('path' in program) return program.path;
  throw new Error(program.missing);
}
