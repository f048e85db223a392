import { createHash } from 'node:crypto';
import { openTarget, type Target, type TargetSettings } from '../../backup/index.js';
import type { ExportError } from '../../contract/index.js';
import { isPorticoError, PorticoError } from '../../kit/index.js';
import type { Connector, Parcel, Secrets } from './connector.js';

/** Of the places that backups go to as well: their codes, and what they mean here. */
const MEANING: Readonly<Record<string, ExportError>> = {
  backup_target_missing: 'export_target_missing', backup_target_full: 'export_target_full', backup_target_refused: 'export_target_refused',
};
const KEY_NAME = 'export-sftp-key';

/** A folder of a disk, or of an SFTP server: a file appears there under its name when it is whole and was read back, and is never written over. */
export class FilesConnector implements Connector {
  readonly kind: TargetSettings['kind'];
  readonly #settings: TargetSettings;
  readonly #secrets: Secrets;

  constructor(deps: { settings: TargetSettings; secrets: Secrets }) {
    this.kind = deps.settings.kind;
    this.#settings = deps.settings;
    this.#secrets = deps.secrets;
  }

  async deliver({ fileName, archive, sha256 }: Parcel, progress: (share: number) => void): Promise<void> {
    let target: Target | null = null;
    try {
      target = await openTarget(this.#settings, { ...this.#secrets, keyName: KEY_NAME });
      const part = `${fileName}.part`;
      const names = await target.names();
      if (!names.includes(fileName)) {
        if (names.includes(part)) await target.remove(part); // of a try that was cut off
        const free = await target.freeBytes();
        if (free !== null && free < archive.length) throw new PorticoError('export_target_full');
        progress(0.2);
        await target.write(part, once(archive));
        progress(0.7);
        if (await hashOf(target.read(part), archive.length) !== sha256) throw new PorticoError('export_failed', { reason: 'what was written reads otherwise' });
        await target.rename(part, fileName);
      } else if (await hashOf(target.read(fileName), archive.length) !== sha256) {
        throw new PorticoError('export_conflict');
      }
    } catch (error) {
      throw inOurWords(error);
    } finally {
      await target?.close();
    }
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** @param most what is longer is something else: no more of it is read */
async function hashOf(bytes: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const hash = createHash('sha256');
  let read = 0;
  for await (const piece of bytes) {
    hash.update(piece);
    read += piece.length;
    if (read > most) break;
  }
  return hash.digest('hex');
}

function inOurWords(cause: unknown): PorticoError {
  if (!isPorticoError(cause)) return new PorticoError('export_failed', {}, { cause });
  const code = MEANING[cause.code];
  if (code !== undefined) return new PorticoError(code, cause.details, { cause });
  return cause.code.startsWith('export_') ? cause : new PorticoError('export_failed', { reason: cause.code }, { cause });
}
