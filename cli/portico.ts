#!/usr/bin/env node
/** `portico`: all commands of the box. */
import { makeProgram } from './program.js';
import { run } from './run.js';

await run(makeProgram);
