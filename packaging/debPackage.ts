/** The Debian package of a release tree. What it does when it is installed, removed and purged stands in deb/. */
import { execFileSync } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { filesBelow, stamp, type Release } from './releaseTree.js';

/** Debian's names for what Node calls x64. */
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };
const MAINTAINER = 'Portico <portico@localhost.localdomain>';

/**
 * @param options.tree a release tree; it is left as it is
 * @param options.version another one than the tree's: the same tree under a higher version is how upgrades are tried
 * @param options.compression xz is smallest, zstd quickest
 * @returns the package's path
 */
export async function buildDeb(options: {
  root: string; tree: string; out: string; version?: string; epochSeconds: number; compression?: 'xz' | 'zstd'; say?: (line: string) => void;
}): Promise<string> {
  const { root, tree, out, epochSeconds } = options;
  let release = JSON.parse(await readFile(join(tree, 'release.json'), 'utf8')) as Release;
  const architecture = ARCHITECTURES[release.arch];
  if (release.platform !== 'linux' || architecture === undefined) throw new Error(`no Debian package for ${release.platform} ${release.arch}`);
  const version = options.version ?? release.version;
  await mkdir(out, { recursive: true });
  const staging = join(out, `.deb-${version}`);
  await rm(staging, { recursive: true, force: true });
  const put = async (from: string, to: string, mode = 0o644) => {
    await mkdir(dirname(join(staging, to)), { recursive: true });
    await copyFile(join(root, from), join(staging, to));
    await chmod(join(staging, to), mode);
  };
  const write = async (to: string, content: string | Uint8Array, mode = 0o644) => {
    await mkdir(dirname(join(staging, to)), { recursive: true });
    await writeFile(join(staging, to), content);
    await chmod(join(staging, to), mode);
  };
  try {
    const home = `opt/portico/releases/${version}`;
    await cp(tree, join(staging, home), { recursive: true, preserveTimestamps: true });
    if (version !== release.version) release = await stamp(join(staging, home), version, epochSeconds);

    for (const name of await readdir(join(root, 'systemd'))) if (/\.(service|timer)$/.test(name)) await put(`systemd/${name}`, `usr/lib/systemd/system/${name}`);
    await put('systemd/50-portico.conf', 'usr/lib/systemd/system/portico.service.d/50-portico.conf');
    await put('systemd/50-portico-ssh.conf', 'usr/lib/systemd/system/ssh.service.d/50-portico.conf');
    await put('systemd/50-portico-wait-online.conf', 'usr/lib/systemd/system/systemd-networkd-wait-online.service.d/50-portico.conf');
    await put('systemd/portico.sysusers', 'usr/lib/sysusers.d/portico.conf');
    await put('systemd/portico.tmpfiles', 'usr/lib/tmpfiles.d/portico.conf');
    await put('systemd/60-portico.rules', 'usr/lib/udev/rules.d/60-portico.rules');
    for (const name of ['stick', 'disk']) await put(`systemd/libexec/${name}`, `usr/lib/portico/${name}`, 0o755);
    await put('packaging/deb/portico', 'usr/bin/portico', 0o755);
    await put('packaging/deb/sshd.conf', 'etc/ssh/sshd_config.d/portico.conf');
    await put('packaging/deb/copyright', 'usr/share/doc/portico/copyright');
    await put('packaging/deb/lintian-overrides', 'usr/share/lintian/overrides/portico');
    await write('usr/share/doc/portico/changelog.gz', gzipped(changelog(version, epochSeconds)));
    await write('usr/share/man/man1/portico.1.gz', gzipped(await readFile(join(tree, 'app/dist/portico.1'))));

    const files = await filesBelow(staging);
    const sizes = await Promise.all(files.map(async (path) => (await readFile(path)).length));
    const control = {
      Package: 'portico', Version: version, Architecture: architecture, Maintainer: MAINTAINER,
      'Installed-Size': String(Math.ceil(sizes.reduce((sum, size) => sum + Math.ceil(size / 1024), 0))),
      'Pre-Depends': 'init-system-helpers (>= 1.54)',
      Depends: [
        `libc6 (>= ${await newestSymbols(files, 'GLIBC')})`, 'libgcc-s1', 'libstdc++6 (>= 12)', 'mount', 'systemd (>= 252)', 'systemd-resolved', 'systemd-timesyncd | time-daemon', 'udev',
      ].join(', '),
      Recommends: 'openssh-server', Section: 'misc', Priority: 'optional',
      Description: [
        'recognises customers who agreed to it, on the LAN of one store', ' The box of a store: iPads show it faces over TLS, it tells staff who has', ' come in. Everything stays on the box. It is set up from a USB stick that the',
        " organisation's IT signs; nobody has to log in.",
      ].join('\n'),
    };
    await write('DEBIAN/control', Object.entries(control).map(([field, value]) => `${field}: ${value}\n`).join(''));
    // openssh-server may be set up after this package, in the same run of apt too.
    await write('DEBIAN/triggers', 'interest-noawait /lib/systemd/system/ssh.service\ninterest-noawait /usr/lib/systemd/system/ssh.service\n');
    await write('DEBIAN/conffiles', '/etc/ssh/sshd_config.d/portico.conf\n');
    const md5 = execFileSync('md5sum', ['--', ...files.map((path) => path.slice(staging.length + 1)).filter((path) => !path.startsWith(home) && !path.startsWith('etc/'))], { cwd: staging, encoding: 'utf8' });
    await write('DEBIAN/md5sums', `${md5}${execFileSync('md5sum', ['--', `${home}/release.json`], { cwd: staging, encoding: 'utf8' })}`);
    for (const script of ['postinst', 'prerm', 'postrm']) {
      const text = await readFile(join(root, 'packaging/deb', script), 'utf8');
      await write(`DEBIAN/${script}`, text.replaceAll('@VERSION@', version), 0o755);
    }
    execFileSync('find', [staging, '-type', 'd', '-exec', 'chmod', '0755', '{}', '+']);
    const deb = join(out, `portico_${version}_${architecture}.deb`);
    const compression = options.compression ?? 'xz';
    options.say?.(`packing ${Math.round(Number(control['Installed-Size']) / 1024)} MiB with ${compression}${compression === 'xz' ? ': some minutes' : ''}`);
    execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', staging, `${deb}.part`], {
      stdio: ['ignore', 'ignore', 'inherit'], env: { PATH: '/usr/bin:/bin', SOURCE_DATE_EPOCH: String(epochSeconds) },
    });
    await rename(`${deb}.part`, deb); // under its own name it is whole
    return deb;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** The newest version of a library's symbols that any of the binaries asks for, such as 2.36. */
async function newestSymbols(files: readonly string[], library: string): Promise<string> {
  const versions = new Set<string>();
  for (const path of files.filter((name) => /\/bin\/node$|\.node$|\.so(\.\d+)*$/.test(name))) {
    for (const match of (await readFile(path)).toString('latin1').matchAll(new RegExp(`\\b${library}_(\\d+\\.\\d+)`, 'g'))) versions.add(match[1]!);
  }
  const newest = [...versions].sort((a, b) => Number(a.split('.')[0]) - Number(b.split('.')[0]) || Number(a.split('.')[1]) - Number(b.split('.')[1])).at(-1);
  if (newest === undefined) throw new Error('no binary in the tree');
  return newest;
}

/** No name and no time in the header: the same bytes every time. */
const gzipped = (content: string | Uint8Array): Uint8Array => {
  const packed = gzipSync(content, { level: 9 });
  packed[9] = 3; // Unix, whatever built it
  return packed;
};

function changelog(version: string, epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000).toUTCString().replace('GMT', '+0000');
  return `portico (${version}) stable; urgency=medium\n\n  * See CHANGELOG.md of the project.\n\n -- ${MAINTAINER}  ${date}\n`;
}

