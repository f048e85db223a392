/** A settings file that says everything there is to say, as somebody would write it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of a made-up key that nobody has. */
export const RECIPIENT = 'age1wkp3wdfqf0cmn8g2e44qcppr2jeqfdu65j0fapnsfm555s8944uq69twx0';

/** What every file must say. */
export const LEAST = `kind: settings
version: 1
store: { id: SH-NJR-01, name: 山茶表行南京路店 }
timeZone: Asia/Shanghai
network: { hostName: portico-njr }
`;

export const FULL = `kind: settings
version: 1
serial: 7
store: { id: SH-NJR-01, name: 山茶表行南京路店 }
languages: [zh-CN, en]
timeZone: Asia/Shanghai
currency: CNY
dayEndsAt: "04:00"
openingHours: "Mo-Fr 10:00-22:00; Sa,Su 09:00-23:00"
network:
  hostName: portico-njr
  ethernet: { address: 192.168.1.20/24, gateway: 192.168.1.1, dns: [192.168.1.1] }
  ntp: [ntp.aliyun.com]
  allowedLan: [192.168.1.0/24, "fd00::/8"]
headOffice: { url: https://hq.example.cn/portico/ }
retention: { visits: 365, notes: 90 }
models: { pack: builtin }
owner: { codeSha256: ${'0f'.repeat(32)} }
backup: { recipient: ${RECIPIENT}, to: "sftp://portico@backup.example.cn/njr", hostKey: "SHA256:${'A'.repeat(43)}", at: "02:40", keep: 14 }
export: { to: headOffice, at: "05:10", tiers: [金卡, VIP+], teams: [A 组], parameters: { epsilon: 0.5, epsilonVisitor: 0.2, delta: 0.000002, crowdMin: 30, cellMin: 12, cellsPerPerson: 3, minutesMax: 120, stayEdges: [10, 30], partEdges: ["12:00", "18:00"], epsilonYearMax: 100 } }
updates: { from: headOffice }
metrics: { allow: [10.0.0.5] }
secrets:
  sftpKey: |
    -----BEGIN AGE ENCRYPTED FILE-----
    YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBEUWkyZWJkdjd0THdlc1Bv
    kcC+CgMNPE08zw==
    -----END AGE ENCRYPTED FILE-----
  exportHmac: |
    -----BEGIN AGE ENCRYPTED FILE-----
    YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBEUWkyZWJkdjd0THdlc1Bv
    kcC+CgMNPE08zw==
    -----END AGE ENCRYPTED FILE-----
`;

/** A certificate that signs others, and one that does not, with its key. @param folder an empty one. Null: there is no openssl here */
export function certificates(folder: string): { root: string; leaf: string; leafKey: string } | null {
  const make = (name: string, ca: boolean): string => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-subj', `/CN=${name}`, '-days', '2', '-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`),
      '-addext', `basicConstraints=critical,CA:${ca ? 'TRUE' : 'FALSE'}`], { stdio: 'ignore' });
    return readFileSync(join(folder, `${name}.pem`), 'utf8');
  };
  try {
    return { root: make('root', true), leaf: make('leaf', false), leafKey: readFileSync(join(folder, 'leaf.key'), 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
