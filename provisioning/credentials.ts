import { PorticoError } from '../appliance/kit/index.js';
import type { BoxPaths } from './boxPaths.js';
import { runTool } from './tool.js';

/** Seals secrets to this machine. */
export interface Credentials {
  /** @param name the credential's name, which is sealed with it: another name does not open it */
  seal(name: string, secret: Uint8Array): Promise<Buffer>;
  /** @throws PorticoError box_key_unsealed, box_key_unreadable */
  open(name: string, sealed: Uint8Array): Promise<Buffer>;
}

/** How systemd marks a secret that is sealed with the empty key (CRED_AES256_GCM_BY_TPM2_ABSENT in systemd's src/shared/creds-util.h). */
const NULL_KEY = Buffer.from('058469daf6f54324800549da0f8ea2fb', 'hex');

/** Whether anybody could open it: systemd-creds offers that where there is neither a TPM nor a host key. */
export const isSealedWithNullKey = (sealed: Uint8Array): boolean => Buffer.from(Buffer.from(sealed).toString('latin1'), 'base64').subarray(0, 16).equals(NULL_KEY);

/**
 * The TPM as it is, and none of its registers (PCR): those change with the firmware, the boot order and the Secure Boot lists, and a store whose box took
 * an update of them could not open its database any more. docs/threat-model.md says what that costs. Without this option systemd 252 takes register 7.
 */
export const sealing = (key: 'host' | 'host+tpm2', name: string): string[] =>
  ['encrypt', `--with-key=${key}`, ...(key === 'host' ? [] : ['--tpm2-pcrs=']), `--name=${name}`, '-', '-'];

/**
 * systemd-creds: AES-256-GCM under the key of the host and, where there is one, the TPM2. The key is always named: left to choose,
 * systemd-creds may take the null key.
 * @returns null: this machine cannot seal (no systemd-creds, no root)
 */
export async function systemdCredentials({ root, hostSecret }: Pick<BoxPaths, 'root' | 'hostSecret'>): Promise<Credentials | null> {
  // Below another root that root's host key is meant, not this machine's.
  const environment = root === '/' ? {} : { environment: { PATH: '/usr/bin:/bin', SYSTEMD_CREDENTIAL_SECRET: hostSecret } };
  const call = (args: string[], input: Uint8Array) => runTool('systemd-creds', args, { input, ...environment });
  const withTpm = root === '/' && (await runTool('systemd-creds', ['has-tpm2', '--quiet'])).code === 0;
  const sealWith = async (key: 'host' | 'host+tpm2', name: string, secret: Uint8Array) => {
    const { code, stdout } = await call(sealing(key, name), secret);
    return code === 0 && stdout.length > 0 && !isSealedWithNullKey(stdout) ? stdout : null;
  };
  const seal = async (name: string, secret: Uint8Array) => (withTpm ? await sealWith('host+tpm2', name, secret) : null) ?? sealWith('host', name, secret);
  const open = async (name: string, sealed: Uint8Array) => {
    if (isSealedWithNullKey(sealed)) throw new PorticoError('box_key_unsealed', { name });
    const { code, stdout } = await call(['decrypt', `--name=${name}`, '-', '-'], sealed);
    if (code !== 0) throw new PorticoError('box_key_unreadable', { name });
    return stdout;
  };
  // Tried, not asked: what counts is that a secret comes back.
  const probe = Buffer.from('portico');
  const sealed = await seal('portico-probe', probe);
  if (sealed === null || !(await open('portico-probe', sealed).catch(() => null))?.equals(probe)) return null;
  return {
    seal: async (name, secret) => {
      const made = await seal(name, secret);
      if (made === null) throw new PorticoError('box_key_unreadable', { name });
      return made;
    },
    open,
  };
}
