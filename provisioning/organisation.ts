import { readIfThere, type Disk } from './disk.js';
import type { BoxPaths } from './boxPaths.js';

/** Whose box this is. Written last of all: whoever finds a serial here finds its settings in place. */
export interface Organisation {
  keyId: string;
  /** Of the key that signs settings, requests and updates; the form of FILE.sig. */
  publicKey: string;
  /** Of the last settings applied. */
  serial: number;
  /** SHA-256 of portico.yaml as it was applied: the same stick again is no news. */
  sha256: string;
  storeId: string;
  /** ISO instant. */
  appliedAt: string;
}

/** @returns null: no stick was applied yet */
export function readOrganisation({ organisation }: BoxPaths): Organisation | null {
  const bytes = readIfThere(organisation);
  return bytes === null ? null : JSON.parse(bytes.toString('utf8')) as Organisation;
}

export function writeOrganisation({ organisation: file }: BoxPaths, disk: Disk, organisation: Organisation): void {
  disk.write(file, `${JSON.stringify(organisation, null, 2)}\n`, 0o644);
}
