/** How a release gets to head office: one small interface, three ways. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TargetSettings } from '../../backup/index.js';
import type { ExportTarget } from '../../contract/index.js';

export type ConnectorSettings = { readonly kind: 'https'; readonly url: string } | TargetSettings;

/** One release on its way: bytes that were made once and are never changed. */
export interface Parcel {
  store: string;
  /** YYYY-MM-DD. */
  day: string;
  fileName: string;
  archive: Buffer;
  /** Of the archive, hexadecimal: what head office acknowledges. */
  sha256: string;
  schemaVersion: number;
}

export interface Connector {
  readonly kind: ExportTarget;
  /**
   * Takes a parcel to head office, and is safe to repeat: what is there already is not sent twice.
   * @param progress 0..1 of the bytes
   * @param signal the box stops: nobody waits for it any more
   * @throws PorticoError one of EXPORT_ERRORS; {retryAfterMs} where head office said when to come again
   */
  deliver(parcel: Parcel, progress: (share: number) => void, signal?: AbortSignal): Promise<void>;
}

/** Where secrets lie: what systemd hands over counts more than what somebody put into the data folder. */
export interface Secrets { dataDirectory: string; credentialsDirectory: string | null }

export function readSecret({ dataDirectory, credentialsDirectory }: Secrets, name: 'export-hmac' | 'export-client-key' | 'export-client-cert'): Buffer | null {
  const places = [...(credentialsDirectory === null ? [] : [credentialsDirectory]), dataDirectory].map((folder) => join(folder, name));
  const file = places.find((place) => existsSync(place));
  return file === undefined ? null : readFileSync(file);
}

/** The same for a store, a day and these bytes, however often they are sent. */
export const idempotencyKeyOf = ({ store, day, sha256 }: Parcel): string => `${store}:${day}:${sha256}`;
