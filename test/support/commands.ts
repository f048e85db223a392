import type { Command } from 'commander';
import { makeProgram } from '../../cli/program.js';

/** Every command of the program with its parts, as it is typed: `backup key new`. */
export function boxCommandsOf(): string[] {
  const leaves = (command: Command, before: string): string[] => {
    const name = `${before} ${command.name()}`.trim();
    return command.commands.length === 0 ? [name] : command.commands.flatMap((part) => leaves(part, name));
  };
  return makeProgram(() => async () => undefined).commands.flatMap((command) => leaves(command, ''));
}
