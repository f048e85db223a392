/** The manual page, made of the commands themselves: nothing in it is said twice. */
import type { Argument, Command, Option } from 'commander';
import { EXAMPLES, type Example } from './examples.js';
import { EXIT_CODES } from './output.js';

const FILES: readonly (readonly [string, string])[] = [
  ['/etc/portico/box.env', 'settings as the stick brought them'],
  ['/etc/portico/local.env', 'settings by hand; these win'],
  ['/var/lib/portico/', 'what the box keeps'],
  ['/var/lib/portico-box/', 'the box\'s own key and the stick\'s generations; root\'s alone'],
  ['/opt/portico/current/', 'the running release'],
];

/** Examples as they stand under the help of a command; empty: none. */
export function examplesOf(command: Command): string {
  const examples = EXAMPLES[command.name()] ?? [];
  return examples.length === 0 ? '' : `\nExamples:\n${examples.map(({ line, does }) => `  ${line}\n      ${does}`).join('\n')}`;
}

/**
 * The whole manual in Markdown, as marked-man reads it.
 * @param program as makeProgram makes it
 */
export function manualOf(program: Command): string {
  const groups = program.commands.filter((command) => command.name() !== 'help');
  return [
    '# portico(1) -- commands for whoever looks after the box', '',
    '## SYNOPSIS', '', '`portico` [`--json`] *COMMAND* [*ARGUMENTS*]', '', '`portico` *COMMAND* `--help`', '',
    '## DESCRIPTION', '',
    'Portico recognises, on a box in the store, customers who have agreed to it. These commands are for whoever looks after that box, and for the laptop on which its USB sticks are made. '
      + 'Commands that say so need the box to be stopped; the others may be run beside it.', '',
    '## OPTIONS', '', ...program.options.flatMap(optionLines),
    '## COMMANDS', '', ...groups.flatMap((group) => [...commandLines(group, ''), ...exampleLines(EXAMPLES[group.name()] ?? [])]),
    '## EXIT STATUS', '', ...EXIT_CODES.flatMap(([code, meaning]) => [`* \`${code}\`:`, `  ${meaning}`]), '',
    '## OUTPUT FOR PROGRAMS', '',
    'With `--json` one object is printed on standard output, and no progress bar. Of a failure it is `{"error": {"code", "message", "details"}}`; codes do not change, messages may.', '',
    '## FILES', '', ...FILES.flatMap(([path, what]) => [`* \`${path}\`:`, `  ${what}`]), '',
    '## SEE ALSO', '', 'The guide for IT, docs/it-guide.md; the settings, docs/settings.md.', '',
  ].join('\n');
}

function commandLines(command: Command, before: string): string[] {
  const name = `${before}${command.name()}`;
  const inner = command.commands.filter((each) => each.name() !== 'help');
  if (inner.length > 0) return [...(before === '' ? [`### ${name}: ${command.description()}`, ''] : []), ...inner.flatMap((each) => commandLines(each, `${name} `))];
  const args = command.registeredArguments.map((argument) => (argument.required ? `*${nameOf(argument)}*` : `[*${nameOf(argument)}*]`));
  const options = command.options.filter(({ hidden }) => !hidden);
  return [
    ...(before === '' ? [`### ${name}: ${command.description()}`, ''] : []),
    [`\`portico ${name}\``, ...args, ...(options.length > 0 ? ['[*OPTIONS*]'] : [])].join(' '), '',
    ...(before === '' ? [] : [`${sentence(command.description())}`, '']),
    ...command.registeredArguments.flatMap((argument) => [`* *${nameOf(argument)}*:`, `  ${argument.description}`]), ...options.flatMap(optionLines), '',
  ];
}

const nameOf = (argument: Argument): string => argument.name().toUpperCase();

function optionLines(option: Option): string[] {
  const more = [
    option.mandatory ? 'Always needed.' : '', option.argChoices === undefined ? '' : `One of ${option.argChoices.join(', ')}.`,
    option.defaultValue === undefined || option.defaultValue === false ? '' : `Default: ${String(option.defaultValue)}.`,
  ].filter((part) => part !== '');
  return [`* \`${option.flags}\`:`, `  ${[sentence(option.description), ...more].join(' ')}`, ''];
}

const exampleLines = (examples: readonly Example[]): string[] => (examples.length === 0 ? [] : ['Examples:', '', ...examples.flatMap(({ line, does }) => ['```', line, '```', '', sentence(does), ''])]);

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.)]$/.test(text) ? '' : '.'}`;
