/** Programs in a folder that stands for an image, as Docker would run them: namespaces of their own, an environment of their own, a user of the image's. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** A program of an image: as whom, where and with what. */
export interface Setting { directory: string; env: ReadonlyMap<string, string>; workdir: string; user: string }

/** A device file is harmless; a disk is none of an image's. */
const DEV = 'mount -t tmpfs -o mode=755 dev "$0/dev"; for each in full null random tty urandom zero; do : >"$0/dev/$each"; mount --bind "/dev/$each" "$0/dev/$each"; done; ln -s /proc/self/fd "$0/dev/fd"; mkdir -m 1777 "$0/dev/shm"; mkdir "$0/dev/pts"; mount -t devpts -o newinstance,ptmxmode=0666 devpts "$0/dev/pts"; ln -s pts/ptmx "$0/dev/ptmx"';
/** Where the builder's own things are while a RUN runs: a file system in memory, over a folder that is empty in every Debian. Nothing of it is ever in the image. */
const BUILDER = '/mnt';
/** An image is built behind a proxy or in front of none; Docker too lets these through. */
const PROXIES = /^(https?|no)_proxy$/i;

/** @returns numbers for the image's USER: `name`, `uid`, either with `:group`. @throws Error when the image knows no such user or group */
export function idsOf(directory: string, user: string): { uid: number; gid: number; home: string } {
  const table = (name: string) => readFileSync(join(directory, 'etc', name), 'utf8').split('\n').map((line) => line.split(':'));
  const [name = '', group] = user.split(':');
  const known = table('passwd').find((fields) => fields[0] === name || fields[2] === name);
  const ofGroup = group === undefined ? known?.[3] ?? '0' : table('group').find((fields) => fields[0] === group)?.[2] ?? group;
  const [uid, gid] = [Number(known?.[2] ?? name), Number(ofGroup)];
  if (!Number.isSafeInteger(uid) || !Number.isSafeInteger(gid) || name === '') throw new Error(`USER ${user}: the image has no such user`);
  return { uid, gid, home: known?.[5] ?? '/' };
}

/**
 * Carries out a RUN. npm finds the registry as on this machine: its settings, its cache and the certificates it trusts are bound in, read where they lie, and
 * what comes from this environment stays in it: in no argument, and in no file of the image.
 * @throws Error when it ends with anything but 0
 */
export async function runInImage(setting: Setting, command: string, timeoutMs: number): Promise<void> {
  const { directory, env, workdir, user } = setting;
  const { uid, gid, home } = idsOf(directory, user);
  const npm = npmOfThisMachine();
  const binds = [
    ['/etc/resolv.conf', '/etc/resolv.conf'], [npm.userconfig, `${BUILDER}/npmrc`], [npm.globalconfig, `${BUILDER}/npmrc-global`], [npm.cache, `${BUILDER}/cache`],
    [process.env['NODE_EXTRA_CA_CERTS'] ?? npm.cafile, `${BUILDER}/ca.crt`],
  ].filter((pair): pair is [string, string] => pair[0] !== undefined && existsSync(pair[0])).map(([from, to]) => [realpathSync(from), to] as const);
  const own: [string, string][] = [
    ['HOME', home], ['npm_config_userconfig', `${BUILDER}/npmrc`], ['npm_config_globalconfig', `${BUILDER}/npmrc-global`], ['npm_config_cache', `${BUILDER}/cache`],
    ...(binds.some(([, to]) => to === `${BUILDER}/ca.crt`) ? ['NODE_EXTRA_CA_CERTS', 'npm_config_cafile'].map((name): [string, string] => [name, `${BUILDER}/ca.crt`]) : []),
    ...Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined && (PROXIES.test(pair[0]) || pair[0] === 'npm_config_registry')),
  ];
  const prepare = [
    'mount -t proc proc "$0/proc"', DEV, `mount -t tmpfs -o mode=755 builder "$0${BUILDER}"`,
    ...binds.map(([, to], i) => `${to === `${BUILDER}/cache` ? 'mkdir "$0' : ': >>"$0'}${to}"; mount --bind "$BIND_${i}" "$0${to}"; unset BIND_${i}`),
  ].join('; ');
  const child = spawn('unshare', [
    '--mount', '--pid', '--fork', '--kill-child', 'sh', '-ec', `${prepare}; exec chroot --userspec=${uid}:${gid} "$0" /bin/sh -c "$1"`, directory, `cd ${workdir} && ${command}`,
  ], { stdio: ['ignore', 'ignore', 'inherit'], env: Object.fromEntries([...binds.map(([from], i) => [`BIND_${i}`, from]), ...own, ...env]), timeout: timeoutMs, killSignal: 'SIGKILL' });
  const [code, signal] = await once(child, 'close') as [number | null, string | null];
  if (code !== 0) throw new Error(`RUN ended with ${code ?? signal}: ${command}`);
}

/** Words that make a program one of the image's user, without a capability or a way to any. */
function confined({ directory, workdir, user }: Setting, command: readonly string[]): string[] {
  const { uid, gid } = idsOf(directory, user);
  return ['chroot', directory, 'setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--bounding-set=-all', '--no-new-privs', '--pdeathsig=KILL', '/bin/sh', '-c', `cd ${workdir} && exec "$@"`, 'cmd', ...command];
}
const environmentOf = ({ directory, env, user }: Setting): NodeJS.ProcessEnv => ({ HOME: idsOf(directory, user).home, ...Object.fromEntries(env) });

/** `docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --network none`, with a volume for each of `volumes` (path in the image: folder outside). */
export function startContainer(setting: Setting, command: readonly string[], volumes: ReadonlyMap<string, string>): ChildProcess {
  const mounts = [
    'mount --bind "$0" "$0"', 'mount -o remount,ro,bind "$0"', 'mount -t proc proc "$0/proc"', DEV, 'mount -t tmpfs -o mode=1777 tmp "$0/tmp"',
    ...[...volumes].map(([inside, outside]) => `mount --bind '${outside}' "$0${inside}"`), 'ip link set lo up',
  ].join('; ');
  return spawn('unshare', ['--mount', '--pid', '--net', '--fork', '--kill-child', 'sh', '-ec', `${mounts}; exec "$@"`, setting.directory, ...confined(setting, command)],
    { stdio: ['ignore', 'pipe', 'pipe'], env: environmentOf(setting) });
}

/** `docker exec`, and how a health check is made. @returns the exit code; null: it did not end in time, or there is no container any more */
export function execInContainer(container: ChildProcess, setting: Setting, command: readonly string[], timeoutMs: number): number | null {
  const inside = firstProcess(container);
  if (inside === null) return null;
  return spawnSync('nsenter', ['--target', String(inside), '--mount', '--net', '--pid', '--', ...confined(setting, command)],
    { timeout: timeoutMs, killSignal: 'SIGKILL', stdio: 'ignore', env: environmentOf(setting) }).status;
}

/** The number, outside, of what is process 1 of the container: the child of unshare, which has become the command. */
export function firstProcess({ pid }: ChildProcess): number | null {
  const folder = `/proc/${pid}/task`;
  if (!existsSync(folder)) return null;
  const children = readdirSync(folder).flatMap((task) => readFileSync(join(folder, task, 'children'), 'utf8').trim().split(' ')).filter((each) => each !== '');
  return children[0] === undefined ? null : Number(children[0]);
}

/** TCP ports that a container listens on (proc(5): state 0A, local address in hexadecimal). */
export function portsOf(container: ChildProcess): Set<number> {
  const inside = firstProcess(container);
  const rows = inside === null ? [] : ['tcp', 'tcp6'].flatMap((table) => readFileSync(`/proc/${inside}/net/${table}`, 'utf8').split('\n').slice(1).map((row) => row.trim().split(/\s+/)));
  return new Set(rows.filter((fields) => fields[3] === '0A').map((fields) => parseInt(fields[1]!.split(':')[1]!, 16)));
}

let npmSettings: Partial<Record<'userconfig' | 'globalconfig' | 'cache' | 'cafile', string>> | null = null;
function npmOfThisMachine(): NonNullable<typeof npmSettings> {
  npmSettings ??= Object.fromEntries(execFileSync('npm', ['config', 'get', 'userconfig', 'globalconfig', 'cache', 'cafile', '--loglevel=error'], { encoding: 'utf8' })
    .split('\n').map((line) => /^(\w+)=(.+)$/.exec(line)).filter((found) => found !== null && found[2] !== 'null').map((found) => [found![1]!, found![2]!]));
  return npmSettings;
}
