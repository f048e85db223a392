import { area, intersection, iou, suppress, type RgbImage } from './geometry.js';
import { shrink } from './letterbox.js';
import type { Model } from './ort.js';
import type { Box } from './types.js';

/** A box in pixels of the picture, not cut to it, with the detector's confidence 0..1. */
export interface Detection {
  box: Box;
  score: number;
}

/** The detector's input, pixels. */
const INPUT_WIDTH = 320;
const INPUT_HEIGHT = 240;
/** RECOGNITION.md, recipe 1. */
const SCORE_MIN = 0.6;
const NMS_IOU = 0.3;
/** Tiles across and down, and the part of a tile that its neighbour sees too (RECOGNITION.md, recipe 1). */
const TILE_COLUMNS = 3;
const TILE_ROWS = 2;
const TILE_OVERLAP = 0.25;
/** Two boxes are one face when they share more than this part of the smaller one (RECOGNITION.md, recipe 1). */
const TILE_COVERED = 0.6;
/** A tile's box nearer than this to an inner edge of the tile is the cut half of a face; pixels of the input. */
const TILE_EDGE = 1;

/** Finds faces in one picture at a time. */
export class Detector {
  readonly #model: Model;

  constructor(model: Model) {
    this.#model = model;
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
        if (!touchesInnerEdge(found.box, tile, image)) all.push(found);
      }
    }
    return suppress(all, (kept, box) => sameFace(kept, box) || intersection(kept, box) > TILE_COVERED * Math.min(area(kept), area(box)));
  }

  /** Raw candidates of one region of the picture, in pixels of the picture. */
  async #pass(image: RgbImage, region: Box): Promise<Detection[]> {
    const scale = shrink(image, region, INPUT_WIDTH, INPUT_HEIGHT, this.#model.input);
    const [scores, corners] = (await this.#model.run()) as [Float32Array, Float32Array];
    const found: Detection[] = [];
    for (let i = 0; i < scores.length / 2; i++) {
      const score = scores[2 * i + 1]!;
      if (!(score >= SCORE_MIN)) continue;
      const x = region.x + (corners[4 * i]! * INPUT_WIDTH) * scale;
      const y = region.y + (corners[4 * i + 1]! * INPUT_HEIGHT) * scale;
      const right = region.x + (corners[4 * i + 2]! * INPUT_WIDTH) * scale;
      const bottom = region.y + (corners[4 * i + 3]! * INPUT_HEIGHT) * scale;
      if (right > x && bottom > y) found.push({ box: { x, y, width: right - x, height: bottom - y }, score });
    }
    return found;
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

function touchesInnerEdge(box: Box, tile: Box, image: { width: number; height: number }): boolean {
  const edge = TILE_EDGE * Math.max(tile.width / INPUT_WIDTH, tile.height / INPUT_HEIGHT);
  return (
    (tile.x > 0 && box.x < tile.x + edge) ||
    (tile.y > 0 && box.y < tile.y + edge) ||
    (tile.x + tile.width < image.width && box.x + box.width > tile.x + tile.width - edge) ||
    (tile.y + tile.height < image.height && box.y + box.height > tile.y + tile.height - edge)
  );
}
