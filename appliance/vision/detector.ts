import type { SpecOf } from '../../models/manifest.js';
import { decodeScrfd, decodeUltraFace, decodeYuNet, type Candidate, type DecoderInput } from './decoders.js';
import { area, intersection, iou, suppress, type RgbImage } from './geometry.js';
import type { FivePoints } from './landmarks.js';
import { shrink } from './letterbox.js';
import type { Model } from './ort.js';
import type { Box, Point } from './types.js';

/** A box in pixels of the picture, not cut to it, with the detector's confidence 0..1 and its points if it gives any. */
export type Detection = Candidate;

type Kind = SpecOf<'detector'>['kind'];
const DECODERS: Record<Kind, (input: DecoderInput) => Candidate[]> = { ultraface: decodeUltraFace, yunet: decodeYuNet, scrfd: decodeScrfd };
/** RECOGNITION.md, recipe 1; YuNet's and SCRFD's own tools use .3 and .4. */
const NMS_IOU = 0.3;
/** Tiles across and down, and the part of a tile that its neighbour sees too (RECOGNITION.md, recipe 1). */
const TILE_COLUMNS = 3;
const TILE_ROWS = 2;
const TILE_OVERLAP = 0.25;
/** Two boxes are one face when they share more than this part of the smaller one (RECOGNITION.md, recipe 1). */
const TILE_COVERED = 0.6;
/** A tile's box nearer than this to an inner edge of the tile is the cut half of a face; pixels of the detector's input. */
const TILE_EDGE = 1;

/** Finds faces in one picture at a time. */
export class Detector {
  readonly #model: Model;
  readonly #spec: SpecOf<'detector'>;
  /** Of the model's input, pixels. */
  readonly #width: number;
  readonly #height: number;

  constructor(model: Model, spec: SpecOf<'detector'>) {
    this.#model = model;
    this.#spec = spec;
    [this.#height, this.#width] = spec.input.shape.slice(2) as [number, number];
  }

  /**
   * All faces, best score first. With `tiles` the picture is also searched in 3 x 2 overlapping parts: faces of 40
   * pixels instead of 64, for six more passes.
   */
  async detect(image: RgbImage, tiles: boolean): Promise<Detection[]> {
    const whole = suppress(await this.#pass(image, { x: 0, y: 0, width: image.width, height: image.height }), sameFace);
    if (!tiles) return whole;
    const all = [...whole];
    for (const tile of tilesOf(image.width, image.height)) {
      for (const found of suppress(await this.#pass(image, tile), sameFace)) {
        if (!this.#touchesInnerEdge(found.box, tile, image)) all.push(found);
      }
    }
    return suppress(all, (kept, box) => sameFace(kept, box) || intersection(kept, box) > TILE_COVERED * Math.min(area(kept), area(box)));
  }

  /** Raw candidates of one region of the picture, in pixels of the picture. */
  async #pass(image: RgbImage, region: Box): Promise<Detection[]> {
    const { input } = this.#model;
    const scale = shrink(image, region, this.#width, this.#height, input);
    prepare(input, this.#spec.kind);
    const { scoreMin, kind } = this.#spec;
    const candidates = DECODERS[kind]({ outputs: await this.#model.run(), width: this.#width, height: this.#height, scoreMin });
    const move = ({ x, y }: Point) => ({ x: region.x + x * scale, y: region.y + y * scale });
    return candidates.map(({ box, score, points }) => ({
      box: { ...move(box), width: box.width * scale, height: box.height * scale },
      score,
      points: points === null ? null : movePoints(points, move),
    }));
  }

  #touchesInnerEdge(box: Box, tile: Box, image: { width: number; height: number }): boolean {
    const edge = TILE_EDGE * Math.max(tile.width / this.#width, tile.height / this.#height);
    return (
      (tile.x > 0 && box.x < tile.x + edge) ||
      (tile.y > 0 && box.y < tile.y + edge) ||
      (tile.x + tile.width < image.width && box.x + box.width > tile.x + tile.width - edge) ||
      (tile.y + tile.height < image.height && box.y + box.height > tile.y + tile.height - edge)
    );
  }
}

function movePoints(points: FivePoints, move: (point: Point) => Point): FivePoints {
  const { leftEye, rightEye, nose, leftMouth, rightMouth } = points;
  return { leftEye: move(leftEye), rightEye: move(rightEye), nose: move(nose), leftMouth: move(leftMouth), rightMouth: move(rightMouth) };
}

/**
 * From what `shrink` makes, planar R, G, B of (x - 127) / 128 as UltraFace wants it, to what the other kinds were trained
 * on, in place: YuNet B, G, R of 0..255, SCRFD R, G, B of (x - 127.5) / 128.
 */
export function prepare(input: Float32Array, kind: Kind): void {
  switch (kind) {
    case 'ultraface':
      return;
    case 'scrfd':
      for (let i = 0; i < input.length; i++) input[i] = input[i]! - 0.5 / 128;
      return;
    case 'yunet': {
      const plane = input.length / 3;
      for (let i = 0; i < plane; i++) {
        const red = input[i]!;
        input[i] = input[2 * plane + i]! * 128 + 127;
        input[plane + i] = input[plane + i]! * 128 + 127;
        input[2 * plane + i] = red * 128 + 127;
      }
      return;
    }
  }
}

function sameFace(kept: Box, box: Box): boolean {
  return iou(kept, box) > NMS_IOU;
}

/** 3 x 2 tiles that cover the picture, each sharing a quarter with the next; whole pixels. */
export function tilesOf(width: number, height: number): Box[] {
  const tileWidth = Math.ceil(width / (TILE_COLUMNS - (TILE_COLUMNS - 1) * TILE_OVERLAP));
  const tileHeight = Math.ceil(height / (TILE_ROWS - (TILE_ROWS - 1) * TILE_OVERLAP));
  const tiles: Box[] = [];
  for (let row = 0; row < TILE_ROWS; row++) {
    for (let column = 0; column < TILE_COLUMNS; column++) {
      tiles.push({
        x: Math.round((column * (width - tileWidth)) / (TILE_COLUMNS - 1)),
        y: Math.round((row * (height - tileHeight)) / (TILE_ROWS - 1)),
        width: tileWidth,
        height: tileHeight,
      });
    }
  }
  return tiles;
}
