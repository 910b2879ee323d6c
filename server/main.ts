#!/usr/bin/env node
process.stdout.write('dogear\n');
