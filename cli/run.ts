/** Runs one command of a program and ends with its exit code. */
import { CommanderError, type Command } from 'commander';
import { asJson, EXIT, inWords, terminalOutput, UsageError } from './output.js';
import type { Act } from './program.js';

export async function run(make: (act: Act) => Command): Promise<void> {
  process.umask(0o077); // whatever is written is for whoever runs this alone

  // Whoever reads along may have enough (`| head`): what is under way is done to its end all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') throw error; });

  const json = process.argv.includes('--json');
  const output = terminalOutput(json);

  const act: Act = (action) => async (...args) => {
    // Commander gives the arguments, the options and, last, the command itself.
    process.exitCode = (await action(output, ...(args.slice(0, -1) as never))) ?? EXIT.fine;
  };

  try {
    await make(act).parseAsync();
  } catch (error) {
    // Commander has said what it has to say.
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.fine : EXIT.usage;
    } else {
      output.end();
      if (json) console.log(JSON.stringify(asJson(error)));
      const words = inWords(error);
      if (words === null || !json) console.error(words ?? error);
      process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.refused;
    }
  } finally {
    output.end();
  }
}
