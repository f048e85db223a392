import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isPorticoError, PorticoError } from '../appliance/kit/index.js';
import { loadManifest } from '../models/manifest.js';
import { verifyModels } from '../models/verify.js';
import type { BoxPaths } from './boxPaths.js';
import type { Disk } from './disk.js';
import { openModelPack, PACKS_FOLDER } from './modelPack.js';
import type { StickProblem } from './report.js';
import { BUILTIN_PACK, type Settings } from './settings.js';

/**
 * Copies the pack that the settings name from the stick to staging and checks it there: every hash, licence, calibration.
 * @returns null: the built-in pack; else the folder, and what is wrong with it
 * @throws PorticoError stick_interrupted when the stick cannot be read any more; what the file system throws where the box's disk is full
 */
export async function stagePack(paths: BoxPaths, disk: Disk, stick: string, { models }: Settings): Promise<{ folder: string; problems: StickProblem[] } | null> {
  disk.removeTree(paths.staging);
  if (models === undefined || models.pack === BUILTIN_PACK) return null;
  const where = `${PACKS_FOLDER}/${models.pack}`;
  const folder = join(paths.staging, models.pack);
  const problem = (name: string, code: StickProblem['code'], message: string): { folder: string; problems: StickProblem[] } =>
    ({ folder, problems: [{ file: `${where}/${name}`, line: 1, column: 1, path: '', code, message }] });
  const { pack, problems } = reading(() => openModelPack(stick, models.pack));
  if (pack === null) return { folder, problems };
  try {
    // The settings are signed, and with them this hash, and with that the hashes of all files.
    if (pack.manifestSha256 !== models.manifestSha256) return problem('manifest.json', 'stick_signature_wrong', 'This is not the pack that was signed. Copy it again, or sign anew.');
    disk.write(join(folder, 'manifest.json'), pack.manifest, 0o644);
    for (const file of pack.files) {
      const hash = createHash('sha256');
      const pieces: Buffer[] = [];
      try {
        for await (const piece of pack.open(file)) {
          hash.update(piece);
          pieces.push(piece);
        }
      } catch (cause) {
        throw new PorticoError('stick_interrupted', undefined, { cause });
      }
      if (hash.digest('hex') !== file.sha256) return problem(file.name, 'model_corrupt', 'This model is not the one that its manifest names. Copy the pack again.');
      disk.write(join(folder, file.name), Buffer.concat(pieces), 0o644);
    }
    const manifest = await loadManifest(join(folder, 'manifest.json'));
    if (manifest.calibration === null) return problem('manifest.json', 'model_uncalibrated', 'The pack was never measured. Run "portico models check" with faces.');
    await verifyModels(folder, manifest);
    return { folder, problems: [] };
  } catch (error) {
    if (!isPorticoError(error) || error.code === 'stick_interrupted') throw error;
    return problem('manifest.json', error.code, error.message);
  } finally {
    pack.close();
  }
}

function reading<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new PorticoError('stick_interrupted', undefined, { cause });
  }
}
