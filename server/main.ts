#!/usr/bin/env node
import { EXIT } from './cli/exit-code.js';
import { runCommandLine } from './cli/run.js';

/** After a failure, something may be left open that keeps the process alive. Normally it ends within milliseconds. */
const EXIT_AFTER_MS = 500;

process.exitCode = await runCommandLine(process.argv);
if (process.exitCode !== EXIT.ok) setTimeout(() => process.exit(), EXIT_AFTER_MS).unref();
