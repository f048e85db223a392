/** The Dockerfile: linted, and held to our own rules, each of which is shown to find what it is for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DockerfileParser, type From } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import t from 'tap';
import { ignoreRules, readDockerfile } from '../../packaging/dockerfile.js';
import { WOUNDS } from '../../packaging/wounds.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const path = join(ROOT, 'Dockerfile');
const text = readFileSync(path, 'utf8');

/** What is wrong with a Dockerfile by our rules, one sentence each. */
function faults(dockerfile: string): string[] {
  const found: string[] = [];
  const instructions = DockerfileParser.parse(dockerfile).getInstructions();
  const names = instructions.map((each) => each.getKeyword());
  const args = (i: number) => instructions[i]!.getArgumentsContent() ?? '';
  const stages = new Set<string>();
  instructions.forEach((instruction, i) => {
    switch (names[i] ?? '') {
      case 'FROM': {
        const from = instruction as From;
        const image = from.getImage() ?? '';
        if (!stages.has(image) && (from.getImageTag() === null || from.getImageTag() === 'latest') && from.getImageDigest() === null) found.push(`${image}: which version?`);
        if (from.getPlatformFlag() !== null) found.push(`${image}: of one platform`);
        stages.add(from.getBuildStage() ?? '');
        break;
      }
      case 'ADD': found.push('ADD fetches and unpacks; COPY does neither'); break;
      case 'RUN':
        if (/apt-get install/.test(args(i)) && !/rm -rf \/var\/lib\/apt\/lists/.test(args(i))) found.push('apt lists stay in the image');
        if (/apt-get install/.test(args(i)) && !/--no-install-recommends/.test(args(i))) found.push('apt installs what nobody asked for');
        if (/\b(curl|wget)\b/.test(args(i))) found.push('fetched without a lock file');
        if (/x86_64|amd64|aarch64|arm64/.test(args(i))) found.push('of one architecture');
        if (/\bsudo\b|chmod (-R )?777/.test(args(i))) found.push('too many rights');
        if (/npm (install|i)\b/.test(args(i))) found.push('npm ci keeps to the lock file');
        break;
      case 'ENV': case 'ARG': if (/(KEY|SECRET|TOKEN|PASSWORD)/i.test(args(i))) found.push('a secret in the image'); break;
      case 'CMD': case 'ENTRYPOINT': if (!args(i).startsWith('[')) found.push('a shell stands between Docker and the process, and keeps SIGTERM'); break;
      default: break;
    }
  });
  const final = names.lastIndexOf('FROM');
  const user = names.lastIndexOf('USER');
  if (user < final || !/^[1-9]\d*(:[1-9]\d*)?$/.test(args(user))) found.push('runs as root, or as nobody knows whom');
  if (names.lastIndexOf('HEALTHCHECK') < final) found.push('no health check');
  if (names.lastIndexOf('VOLUME') < final) found.push('data has no place');
  return found;
}

t.test('each rule finds what it is for', async (t) => {
  const bad = (change: (text: string) => string, fault: RegExp) => t.ok(faults(change(text)).some((each) => fault.test(each)), String(fault));
  bad((d) => d.replace('node:24-bookworm-slim', 'node'), /which version/);
  bad((d) => d.replace('node:24-bookworm-slim', 'node:latest'), /which version/);
  bad((d) => d.replace('FROM node', 'FROM --platform=linux/amd64 node'), /one platform/);
  bad((d) => d.replace('COPY . .', 'ADD https://example.org/x.tar /x'), /ADD/);
  bad((d) => d.replace(/ \\\n {2}&& rm -rf \/var\/lib\/apt\/lists\/\*/, ''), /apt lists/);
  bad((d) => d.replace('--no-install-recommends ', ''), /nobody asked/);
  bad((d) => d.replace('npm ci --omit=dev', 'npm install --omit=dev'), /lock file/);
  bad((d) => d.replace('USER 1000:1000\n', ''), /as root/);
  bad((d) => d.replace('USER 1000:1000\n', 'USER root\n'), /as root/);
  bad((d) => d.replace(/HEALTHCHECK.*\n/, ''), /health/);
  bad((d) => d.replace('CMD ["node", "dist/appliance/start.js"]', 'CMD node dist/appliance/start.js'), /SIGTERM/);
  bad((d) => d.replace('ENV NODE_ENV=production', 'ENV DB_KEY=1'), /secret/);
});

t.test('the Dockerfile breaks none of them, and the linter finds nothing', async (t) => {
  t.strictSame(faults(text), []);
  t.strictSame(validate(text).map(({ message, range }) => `${range.start.line + 1}: ${message}`), []);
  t.ok(validate('FROM a\nCMD ["x"]\nCMD ["y"]\nMAINTAINER z\n').length > 0, 'the linter is awake');
});

t.test('its Node is one that package.json allows', async (t) => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
  t.match(engines.node, /<25/);
  for (const { base } of readDockerfile(path)) t.match(base, /^node:24-bookworm-slim$/);
});

t.test('what is carried out without Docker is all of it, and an unknown instruction is refused', async (t) => {
  const stages = readDockerfile(path);
  t.strictSame(stages.map(({ name }) => name), ['deps', 'build', null]);
  const final = stages.at(-1)!;
  t.strictSame(final.cmd, ['node', 'dist/appliance/start.js']);
  t.strictSame(final.volumes, ['/data']);
  t.strictSame(final.ports, [8443, 8080]);
  t.equal(final.stopSignal, 'SIGTERM');
  t.strictSame(final.healthcheck, ['node', 'dist/packaging/healthProbe.js']);
  t.ok(final.steps.some((step) => step.kind === 'copy' && step.from === 'build'));
  t.ok(stages[0]!.steps.some((step) => step.kind === 'run' && step.command.includes('rm -rf')), 'a line that goes on is one command');
  const refused = {
    Onbuild: 'FROM a:1\nONBUILD RUN x\n', Exec: 'FROM a:1\nRUN ["x"]\n', Mount: 'FROM a:1\nRUN --mount=type=cache,target=/x y\n', Chown: 'FROM a:1\nCOPY --chown=1 a b\n',
    Variable: 'FROM a:1\nUSER $WHO\n', Udp: 'FROM a:1\nEXPOSE 53/udp\n', Shell: 'FROM a:1\nCMD node x\n',
  };
  const folder = t.testdir(refused);
  for (const name of Object.keys(refused)) t.throws(() => readDockerfile(join(folder, name)), /Dockerfile line 2/, name);
});

t.test('nothing of a box, and nothing that is built, gets into the image from outside', async (t) => {
  const isIgnored = ignoreRules(readFileSync(join(ROOT, '.dockerignore'), 'utf8'));
  for (const path of ['.git/config', 'node_modules/a/b.js', 'dist/x.js', '.portico/portico.db', '.portico-demo/db-key', 'models/files/fr_eye.onnx', 'a/b/npm.log', 'screenshots/x.png', '.git',
    'test/fixtures/faces/a.jpg', 'test/x.test.ts', 'docs/images/board.png', 'portico-organisation.key', 'store.key.pub', 'portico-owner-SH-1.html', 'portico_0.1.0_amd64.deb', '.env', 'a/local.env', 'x.age']) t.ok(isIgnored(path), path);
  for (const path of ['package.json', '.npmrc', 'models/manifest.json', 'appliance/main.ts', 'webui/vite.config.ts', 'packaging/release.ts', 'appliance/distance.ts']) t.notOk(isIgnored(path), path);
  t.notOk(ignoreRules('a\n!a/b\n')('a/b'), 'an exception');
});

t.test('every way to spoil the Dockerfile that the run without Docker has to find does change it', async (t) => {
  for (const { words, change } of WOUNDS) t.not(change(text), text, words);
  t.ok(WOUNDS.length >= 20);
});
