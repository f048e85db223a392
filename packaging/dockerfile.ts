/** A Dockerfile as steps that can be carried out: of its language what ours uses, and a refusal of everything else. */
import { readFileSync } from 'node:fs';
import { DockerfileParser, ModifiableInstruction } from 'dockerfile-ast';

export type Step =
  | { kind: 'run'; command: string }
  | { kind: 'copy'; from: string | null; sources: string[]; to: string }
  | { kind: 'workdir'; path: string }
  | { kind: 'user'; name: string }
  | { kind: 'env'; name: string; value: string }
  | { kind: 'arg'; name: string; value: string };

export interface Stage {
  base: string;
  name: string | null;
  steps: Step[];
  /** Empty: none is said. */
  volumes: string[];
  /** TCP. */
  ports: number[];
  cmd: string[];
  healthcheck: string[];
  stopSignal: NodeJS.Signals;
}

/** @throws Error as `parseDockerfile` */
export const readDockerfile = (path: string): Stage[] => parseDockerfile(readFileSync(path, 'utf8'));

/** @throws Error for an instruction or a form that is not known here: it must not be passed over */
export function parseDockerfile(dockerfile: string): Stage[] {
  const stages: Stage[] = [];
  for (const instruction of DockerfileParser.parse(dockerfile).getInstructions()) {
    const words = instruction.getArguments().map((argument) => argument.getValue());
    const text = instruction.getArgumentsContent() ?? '';
    const name = instruction.getKeyword();
    const flags = instruction instanceof ModifiableInstruction ? instruction.getFlags() : [];
    const fail = (why: string): never => { throw new Error(`Dockerfile line ${instruction.getRange().start.line + 1}: ${name}: ${why}`); };
    // Only the shell puts values in here; Docker would do it in these too.
    if (!['RUN', 'LABEL', 'CMD', 'HEALTHCHECK'].includes(name) && text.includes('$')) fail('no variables but in RUN');
    if (name === 'FROM') {
      stages.push({
        base: words[0] ?? fail('no image'), name: /^as$/i.test(words[1] ?? '') ? words[2]! : null, steps: [], volumes: [], ports: [], cmd: [], healthcheck: [], stopSignal: 'SIGTERM',
      });
      continue;
    }
    const stage = stages.at(-1) ?? fail('before the first FROM');
    const list = (from: string): string[] => {
      let parsed: unknown = null;
      try { parsed = JSON.parse(from); } catch { /* told below */ }
      return Array.isArray(parsed) && parsed.every((each) => typeof each === 'string') ? parsed : fail('not a JSON list of words');
    };
    switch (name) {
      case 'RUN':
        if (flags.length > 0 || text.startsWith('[')) fail('only the plain form');
        stage.steps.push({ kind: 'run', command: text.replace(/\\\n/g, ' ') });
        break;
      case 'COPY': {
        if (flags.some((flag) => flag.getName() !== 'from')) fail('only --from');
        stage.steps.push({ kind: 'copy', from: flags[0]?.getValue() ?? null, sources: words.slice(0, -1), to: words.at(-1)! });
        break;
      }
      case 'ENV':
      case 'ARG':
        for (const word of words) {
          const [, variable, value] = /^([A-Za-z_]\w*)=(.*)$/.exec(word) ?? fail('only NAME=value');
          stage.steps.push({ kind: name === 'ENV' ? 'env' : 'arg', name: variable!, value: value!.replace(/^"(.*)"$/, '$1') });
        }
        break;
      case 'WORKDIR': stage.steps.push({ kind: 'workdir', path: words[0]! }); break;
      case 'USER': stage.steps.push({ kind: 'user', name: words[0]! }); break;
      case 'VOLUME': stage.volumes.push(...list(text)); break;
      case 'CMD': stage.cmd = list(text); break;
      case 'HEALTHCHECK': stage.healthcheck = list(text.slice(text.indexOf('CMD') + 3)); break;
      case 'EXPOSE': stage.ports.push(...words.map((word) => (/^\d+$/.test(word) ? Number(word) : fail('only numbers, TCP')))); break;
      case 'STOPSIGNAL': stage.stopSignal = /^SIG[A-Z]+$/.test(text) ? text as NodeJS.Signals : fail('only SIGNAME'); break;
      case 'LABEL': break; // said to people
      default: fail('not known here');
    }
  }
  return stages;
}

/** Whether a path below the context is kept out of it (.dockerignore): names, `*` within a name, `**` over folders, `!` for exceptions. */
export function ignoreRules(text: string): (path: string) => boolean {
  const rules = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const keep = line.startsWith('!');
    const glob = (keep ? line.slice(1) : line).replace(/^\/|\/$/g, '');
    const source = glob.split(/(\*\*\/|\*\*|\*|\?)/).map((part) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[part] ?? part.replace(/[.+^${}()|[\]\\]/g, '\\$&')).join('');
    return { keep, pattern: new RegExp(`^${source}(?:/|$)`) };
  });
  // The last rule that fits decides.
  return (path) => rules.reduce((out, { keep, pattern }) => (pattern.test(path) ? !keep : out), false);
}
