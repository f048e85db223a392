#!/usr/bin/env node
/** `portico-stick`: the commands of `portico stick` alone, to be made into one file for IT's laptops (`npm run build:stick`). */
import { Command } from 'commander';
import { addStickCommands } from './commands/stick.js';
import { EPILOGUE } from './output.js';
import { run } from './run.js';

await run((act) => {
  const program = new Command('portico-stick').description('USB sticks with the settings of Portico boxes: made, checked and signed here.').addHelpText('after', EPILOGUE)
    .option('--json', 'one JSON object on standard output instead of text').exitOverride().showHelpAfterError('(portico-stick --help, or portico-stick COMMAND --help)');
  addStickCommands(program, act);
  return program;
});
