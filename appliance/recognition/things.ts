import { PorticoError } from '../kit/index.js';
import type { Vision } from '../vision/index.js';

/**
 * Turned, because a detector finds upright faces: of the six sample photos, laid on the side or on the head, it misses all people in
 * two of eighteen; looked at from all sides none of them passes (test/files/files.test.ts).
 */
const TURNS_DEGREES = [90, 180, 270] as const;

/** Lets through photos of things: what the dossier keeps is never the picture of a face. */
export class Things {
  readonly #vision: Pick<Vision, 'analyse' | 'plain'>;

  constructor(deps: { vision: Pick<Vision, 'analyse' | 'plain'> }) {
    this.#vision = deps.vision;
  }

  /**
   * Looks for faces, small ones too, from all four sides. A face on a poster is one: better a photo too few.
   * @param bytes JPEG, PNG or WebP
   * @returns the picture as it may be kept: JPEG without metadata, at most 2048 pixels a side
   * @throws PorticoError file_has_face; vision_unavailable: nobody can look, so nothing passes; those of the `image_` family
   */
  async clean(bytes: Uint8Array): Promise<Buffer> {
    await this.#refuseFaces(bytes);
    const kept = await this.#vision.plain(bytes);
    for (const turn of TURNS_DEGREES) await this.#refuseFaces(await this.#vision.plain(kept, turn));
    return Buffer.from(kept);
  }

  async #refuseFaces(picture: Uint8Array): Promise<void> {
    const { faces } = await this.#vision.analyse(picture, { tiles: true, maxFaces: 1 });
    if (faces.length > 0) throw new PorticoError('file_has_face');
  }
}
