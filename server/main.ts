#!/usr/bin/env node
import { EXIT } from './cli/exit-code.js';
import { run } from './cli/run.js';

/** By itself the process ends within a few milliseconds, unless what failed left something open. */
const EXIT_AFTER_MS = 500;

process.exitCode = await run(process.argv);
if (process.exitCode !== EXIT.ok) setTimeout(() => process.exit(), EXIT_AFTER_MS).unref();
